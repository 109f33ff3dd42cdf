package dev.platter.emulator.page;

import dev.platter.aio.PlatterException;
import java.util.List;

/** Where {@code --report FILE} goes: documents as one self-contained HTML page. */
public final class HtmlReport {
  /** What a page of Platter's begins with; a file that does not is not overwritten. */
  static final String SIGNATURE = "<!DOCTYPE html>\n<!-- Platter report -->\n";

  private HtmlReport() {}

  /**
   * Checks, before any work is done for it, that a page can be written there later.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot
   */
  public static void checkWritable(String target) {
    ReportForm.HTML.checkWritable(target);
  }

  /**
   * The page: well-formed XML that is HTML too.
   *
   * @param documents at least one
   */
  public static String render(List<Document> documents) {
    return render(documents, List.of());
  }

  /**
   * The page, with what gates say of a comparison.
   *
   * @throws PlatterException of kind BAD_INPUT if a gate is on a row or figure that there is not
   */
  static String render(List<Document> documents, List<Gate> gates) {
    return SIGNATURE.strip() + new PageWriter(documents, gates).write();
  }

  /**
   * Writes the page.
   *
   * @param target a path
   * @param documents at least one
   * @throws PlatterException of kind FAILED if it could not be written; nothing is left behind then
   */
  public static void write(String target, List<Document> documents) {
    ReportForm.HTML.write(target, documents, List.of());
  }
}
