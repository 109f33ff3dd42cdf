package dev.platter.emulator.result.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Saved documents give the same reports byte for byte. After a change of reports that is meant,
 * look at the reports, then put the digests that this test has found into it.
 */
class SameBytesTest {
  @ParameterizedTest
  @CsvSource({
    "iotest, 0a06fc6149743c46",
    "iotest-deaf, bb6012bd8b66477d",
    "iotest-old, 1258f93ffe0fdc6f",
    "bench, 5c3ce631c6902f00",
    "guest, a73a8ecd87a0b4f5",
    "lab, e70cd24a72890b21",
    "iotest iotest-deaf iotest-old, 54f465a76521e860",
    "bench bench, 94f34e03a013446a",
    "guest guest, 37e9c739466ddc54",
    "lab lab, b9ba1a175003980a",
    "iotest bench lab, 103824ddd3cbf5eb",
    "iotest-old iotest, cb17844555f0f2ac",
  })
  void reportsOfSavedDocumentsStayAsTheyAre(String names, String digest) {
    assertThat(digest(reports(names))).as(names).isEqualTo(digest);
  }

  /** The page without style sheet and script, the text and the Markdown, one after another. */
  static String reports(String names) {
    List<Document> documents = Arrays.stream(names.split(" ", -1)).map(Pages::document).toList();
    String page = HtmlReport.render(documents);
    int body = page.indexOf("<body");
    int script = page.indexOf("<script", body);
    return page.substring(body, script < 0 ? page.length() : script)
        + ReportForm.forTerminal(documents, List.of())
        + ReportForm.markdown(documents, List.of());
  }

  static String digest(String text) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(sum).substring(0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
