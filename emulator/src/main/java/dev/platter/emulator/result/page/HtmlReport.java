package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
import java.util.List;

/** Documents as one self-contained HTML page. */
public final class HtmlReport {
  /** What a page of Platter's begins with; a file that does not is not overwritten. */
  static final String SIGNATURE = "<!DOCTYPE html>\n<!-- Platter report -->\n";

  private HtmlReport() {}

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
}
