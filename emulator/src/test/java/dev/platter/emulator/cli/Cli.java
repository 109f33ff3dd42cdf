package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * A command line that was run in this JVM.
 *
 * @param exitCode what the process would have exited with
 * @param out what went to stdout
 * @param err what went to stderr
 */
public record Cli(int exitCode, String out, String err) {
  public static Cli run(Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Cli run = into(out, args);
    return new Cli(run.exitCode, out.toString(UTF_8), run.err);
  }

  /**
   * Runs one whose output goes somewhere else.
   *
   * @return without the output
   */
  public static Cli into(OutputStream out, Object... args) {
    StringWriter err = new StringWriter();
    String[] words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    int exitCode = Platter.run(out, new PrintWriter(err), words);
    return new Cli(exitCode, "", err.toString());
  }
}
