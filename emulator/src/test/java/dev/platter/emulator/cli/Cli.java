package dev.platter.emulator.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * A command line that was run in this JVM.
 *
 * @param exitCode what the process would have exited with
 * @param out what went to stdout
 * @param err what went to stderr
 */
record Cli(int exitCode, String out, String err) {
  static Cli run(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    int exitCode = Platter.run(new PrintWriter(out), new PrintWriter(err), words);
    return new Cli(exitCode, out.toString(), err.toString());
  }
}
