package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HtmlReportTest {
  private static final List<Document> DOCUMENTS = List.of(Pages.document("bench"));

  @TempDir Path directory;

  @Test
  void replacesItsOwnPageAndLeavesNothingBeside() throws IOException {
    Path file = directory.resolve("r.html");
    for (int i = 0; i < 2; i++) {
      ReportForm.HTML.checkWritable(file.toString());
      ReportForm.HTML.write(file.toString(), DOCUMENTS, List.of());
      assertThat(file).hasContent(HtmlReport.render(DOCUMENTS));
      try (Stream<Path> files = Files.list(directory)) {
        assertThat(files).containsExactly(file);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "boot sector",
        "{\"schema\" : \"platter.bench/1\"}",
        "<!DOCTYPE html>\n<html>somebody's thesis</html>",
        "<!DOCTYPE html>"
      })
  void nothingElseIsOverwritten(String content) throws IOException {
    Path file = Files.writeString(directory.resolve("precious"), content);
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> ReportForm.HTML.checkWritable(file.toString()))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.BAD_INPUT))
        .withMessageContaining("holds something else than a report of Platter's");
    assertThat(file).hasContent(content);
  }

  @Test
  void anEmptyFileHoldsNothingOfValue() throws IOException {
    Path file = Files.createFile(directory.resolve("new.html"));
    ReportForm.HTML.checkWritable(file.toString());
    ReportForm.HTML.checkWritable("/dev/null");
  }

  @Test
  void whatFailsInTheEndIsAFailure() {
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> ReportForm.HTML.write("/dev/full", DOCUMENTS, List.of()))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FAILED))
        .withMessageContaining("cannot write a report to /dev/full");
  }
}
