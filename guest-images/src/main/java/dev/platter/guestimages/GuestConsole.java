package dev.platter.guestimages;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the guest's serial console, line by line, and picks out the output of its jobs. Markers
 * stand at the beginning of a line:
 *
 * <ul>
 *   <li>{@code @platter ready RELEASE}: the guest is up and begins with its jobs
 *   <li>{@code @platter begin N NAME}: the N-th job (from 1) begins
 *   <li>{@code @platter end N STATUS}: it has ended; 0 is success
 *   <li>{@code @platter done}: all jobs have ended, the guest turns itself off
 * </ul>
 *
 * Between begin and end, a line that starts with a brace is a result in JSON, any other is text for
 * people. Earlier output of firmware and kernel is ignored.
 */
public final class GuestConsole {
  /** The beginning of every marker. */
  public static final String MARK = "@platter ";

  /**
   * The result of a job.
   *
   * @param number from 1, in the order of the command line
   * @param name the job's name
   * @param json its results, each a JSON object on one line
   * @param text its other lines
   * @param status 0 if it succeeded; null if the guest ended or hung before the job's end
   */
  public record Result(
      int number, String name, List<String> json, List<String> text, @Nullable Integer status) {
    /** Whether the job succeeded. */
    public boolean succeeded() {
      return status != null && status == 0;
    }
  }

  private final List<Result> results = new ArrayList<>();
  private @Nullable String release;
  private @Nullable Result current;
  private boolean done;

  /**
   * Takes the next line.
   *
   * @param line without its line feed; a carriage return at its end is dropped
   * @return the line itself while a job runs, or a marker; null for output of firmware and kernel
   */
  public @Nullable String line(String line) {
    String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    // Firmware may leave half a line behind on the console.
    int mark = text.indexOf(MARK);
    if (mark >= 0) {
      marker(text.substring(mark + MARK.length()).strip().split(" "));
      return text.substring(mark);
    }
    if (current == null) {
      return null;
    }
    (text.startsWith("{") ? current.json() : current.text()).add(text);
    return text;
  }

  private void marker(String[] words) {
    switch (words[0]) {
      case "ready" -> release = words.length > 1 ? words[1] : "";
      case "begin" -> begin(words);
      case "end" -> end(words);
      case "done" -> done = true;
      default -> {
        // A later guest may have further markers.
      }
    }
  }

  private void begin(String[] words) {
    if (words.length != 3) {
      return;
    }
    current = new Result(results.size() + 1, words[2], new ArrayList<>(), new ArrayList<>(), null);
    results.add(current);
  }

  private void end(String[] words) {
    if (current == null || words.length != 3) {
      return;
    }
    int status;
    try {
      status = Integer.parseInt(words[2]);
    } catch (NumberFormatException _) {
      status = 255;
    }
    results.set(
        results.size() - 1,
        new Result(current.number(), current.name(), current.json(), current.text(), status));
    current = null;
  }

  /** The kernel's release; null until the guest is up. */
  public @Nullable String release() {
    return release;
  }

  /** The jobs that have begun, in order. */
  public List<Result> results() {
    return List.copyOf(results);
  }

  /** The job that is running, or null. */
  public @Nullable Result current() {
    return current;
  }

  /** Whether the guest has ended all its jobs. */
  public boolean done() {
    return done;
  }
}
