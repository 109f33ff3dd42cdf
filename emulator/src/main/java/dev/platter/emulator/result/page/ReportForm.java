package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.result.ResultFile;
import java.util.List;
import java.util.Locale;

/** What {@code --report FILE} writes; the end of the file's name says which. */
public enum ReportForm {
  /** A page for browsers. */
  HTML,
  /** Markdown, for issues, merge requests and job summaries. */
  MARKDOWN,
  /** Plain text, for mails. */
  TEXT;

  static final String MARKDOWN_SIGNATURE = "<!-- Platter report -->";
  private static final String TEXT_SIGNATURE = "Platter report: ";

  /** A mail's lines and length. */
  private static final int COLUMNS = 72;

  private static final int LINES = 40;

  private static final int TERMINAL_COLUMNS = 80;

  /** What a file of this form begins with. */
  private String signature() {
    return switch (this) {
      case HTML -> HtmlReport.SIGNATURE;
      case MARKDOWN -> MARKDOWN_SIGNATURE;
      case TEXT -> TEXT_SIGNATURE;
    };
  }

  private ResultFile file() {
    return new ResultFile(
        "a report",
        "a report of Platter's",
        "Name a new file; if the image was meant, put it before the options",
        head -> head.startsWith(signature()));
  }

  /** The form of a file by the end of its name: {@code .md}, {@code .txt}, else HTML. */
  public static ReportForm of(String target) {
    String name = target.toLowerCase(Locale.ROOT);
    if (name.endsWith(".md") || name.endsWith(".markdown")) {
      return MARKDOWN;
    }
    return name.endsWith(".txt") ? TEXT : HTML;
  }

  /**
   * Checks, before any work is done for it, that a report can be written there later. Style sheet
   * and script of a page are read now: where they are now is something else when Platter is built
   * meanwhile.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot
   */
  public void checkWritable(String target) {
    file().checkWritable(target);
    if (this == HTML) {
      PageWriter.readResources();
    }
  }

  /**
   * Writes a report in the form that the file's name asks for.
   *
   * @param documents at least one
   * @param gates what is asked of a comparison
   * @throws PlatterException of kind FAILED if it could not be written; nothing is left behind then
   */
  public void write(String target, List<Document> documents, List<Gate> gates) {
    file().write(target, render(documents, gates), "Write it somewhere else");
  }

  private String render(List<Document> documents, List<Gate> gates) {
    return switch (this) {
      case HTML -> HtmlReport.render(documents, gates);
      case MARKDOWN -> sheet(documents, gates).render(Sheet.Form.MARKDOWN, COLUMNS, LINES);
      case TEXT -> sheet(documents, gates).render(Sheet.Form.TEXT, COLUMNS, LINES);
    };
  }

  /** All of a result or a comparison in words, for a terminal. */
  public static String forTerminal(List<Document> documents, List<Gate> gates) {
    return sheet(documents, gates).render(Sheet.Form.TEXT, TERMINAL_COLUMNS, Sheet.ENDLESS);
  }

  /** The same as Markdown, for the summary of a CI job. */
  public static String markdown(List<Document> documents, List<Gate> gates) {
    return sheet(documents, gates).render(Sheet.Form.MARKDOWN, Sheet.ENDLESS, Sheet.ENDLESS);
  }

  private static Sheet sheet(List<Document> documents, List<Gate> gates) {
    return documents.size() == 1
        ? Digest.of(Fields.of(1, documents.getFirst().json()))
        : ComparisonSheet.of(new ComparedResults(documents, gates));
  }
}
