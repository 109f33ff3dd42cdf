package dev.platter.emulator.result.page;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.file.PathLimits;
import dev.platter.emulator.result.document.MalformedDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/** Saved documents. */
public final class ReportFiles {
  /** No result of Platter's comes near it. */
  static final long MAX_BYTES = 64 << 20;

  private ReportFiles() {}

  /**
   * Reads a document, and draws it once, by itself and compared, as a page and for a terminal, so
   * that what is wrong with it is told of this file.
   *
   * @param file where it is; also its label
   * @throws PlatterException of kind BAD_INPUT if it cannot be read or is no document that can be
   *     drawn
   */
  public static Document read(String file) {
    PathLimits.check(file);
    Map<String, Object> json;
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path)) {
        throw refused(
            file, Files.exists(path) ? "it is no regular file" : "there is no such file", null);
      }
      if (Files.size(path) > MAX_BYTES) {
        throw refused(
            file, "it has more than " + (MAX_BYTES >> 20) + " MiB; no result is that large", null);
      }
      json = JSON.std.mapFrom(Files.readString(path));
    } catch (IOException e) {
      throw refused(file, IoReason.of(e), e);
    } catch (InvalidPathException e) {
      throw refused(file, "it is no path", e);
    } catch (JacksonException e) {
      throw refused(file, "it is not JSON, or not all of it: " + e.getOriginalMessage(), e);
    }
    Document document = new Document(file, json);
    try {
      String _ = ReportForm.forTerminal(List.of(document), List.of());
      String _ = HtmlReport.render(List.of(document, document));
    } catch (MalformedDocument e) {
      throw refused(file, String.valueOf(e.getMessage()), e);
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw refused(file, "it holds figures that cannot be drawn: " + e.getMessage(), e);
    }
    return document;
  }

  private static PlatterException refused(String file, String why, @Nullable Exception cause) {
    return new PlatterException(
        PlatterException.Kind.BAD_INPUT,
        "cannot make a report of " + file + ": " + why,
        "Name a file that --json of iotest, bench, guest run or lab, or serve --stages, has"
            + " written",
        cause);
  }
}
