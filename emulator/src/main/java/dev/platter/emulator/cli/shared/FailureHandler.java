package dev.platter.emulator.cli.shared;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.FatalExit;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns failures into lines on stderr and exit codes. */
public final class FailureHandler
    implements IParameterExceptionHandler, IExecutionExceptionHandler {
  /** The run did what it was asked. */
  public static final int OK = 0;

  /** The run failed; also every failure that is a bug. */
  public static final int FAILED = 1;

  /** An option, path or image is wrong. */
  public static final int BAD_INPUT = 2;

  /** The host lacks something. */
  public static final int HOST_LACKS = 3;

  // A loop that died may be what a shutdown hook waits for.
  private static final long EXIT_GRACE_MILLIS = 5_000;

  private static volatile boolean serving;

  @Override
  public int handleParseException(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    PrintWriter err = command.getErr();
    if (failure instanceof MissingCommand) {
      err.println("platter: " + failure.getMessage());
      err.println();
      command.usage(err);
      err.flush();
      return BAD_INPUT;
    }
    String help = command.getCommandSpec().qualifiedName() + " --help";
    if (failure instanceof UnmatchedArgumentException unmatched) {
      err.println(
          "platter: "
              + (unmatched.isUnknownOption() ? "unknown option '" : "unexpected argument '")
              + String.join("', '", unmatched.getUnmatched())
              + "'");
      help =
          String.join("", unmatched.getSuggestions().stream().map(s -> s + ", or ").toList())
              + help;
    } else {
      err.println("platter: " + lowerCaseFirst(String.valueOf(failure.getMessage())));
    }
    err.println("  try: " + help);
    err.flush();
    return BAD_INPUT;
  }

  private static String lowerCaseFirst(String message) {
    return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
  }

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, ParseResult parseResult) {
    return report(failure, command.getErr());
  }

  private static int exitCode(PlatterException.Kind kind) {
    return switch (kind) {
      case FAILED -> FAILED;
      case BAD_INPUT -> BAD_INPUT;
      case HOST_LACKS -> HOST_LACKS;
    };
  }

  /**
   * Tells of a failure.
   *
   * @return the exit code for it
   */
  public static int report(Throwable failure, PrintWriter err) {
    int exitCode = FAILED;
    if (failure instanceof PlatterException known) {
      for (PlatterException part : known.parts()) {
        err.println("platter: " + part.getMessage());
        if (part.remedy() != null) {
          err.println("  try: " + part.remedy());
        }
      }
      exitCode = exitCode(known.kind());
    } else {
      // A bug: whoever reports it needs the trace, and asking for a second run may not bring it
      // back.
      err.println("platter: internal error: " + failure);
      failure.printStackTrace(err);
    }
    err.flush();
    for (Throwable other : failure.getSuppressed()) {
      if (other instanceof PlatterException) {
        report(other, err);
      }
    }
    return exitCode;
  }

  /**
   * Ends the process when any thread dies of an exception: a run without that thread would hang.
   * Shutdown hooks remove what the run has made, unless it is {@link #serving}.
   */
  public static void exitOnUncaught(PrintWriter err) {
    FatalExit.prepare();
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
      try {
        if (!(failure instanceof VirtualMachineError)) {
          // The reader of stderr may have stopped, and hooks may wait for the thread that died.
          haltLater(FAILED);
          err.println("platter: thread '" + thread.getName() + "' died, giving up");
          int exitCode = report(failure, err);
          if (serving) {
            // Also for what looks like bad input, after which a service manager gives up.
            Runtime.getRuntime().halt(FAILED);
          }
          System.exit(exitCode);
        }
      } finally {
        // Nothing more can be asked of this JVM.
        FatalExit.endProcess(thread.getName(), failure.getClass().getName(), FAILED);
      }
    });
  }

  /**
   * From here on no shutdown hook is run for a thread that dies: what guests have on their disks is
   * as safe as after a crash, and they wait for a server that holds its locks and does nothing.
   */
  public static void serving() {
    serving = true;
  }

  /** Ends the process in a few seconds, whatever shutdown hooks wait for. */
  static void haltLater(int exitCode) {
    Thread.ofPlatform()
        .daemon()
        .name("platter-halt")
        .start(() -> {
          try {
            Thread.sleep(EXIT_GRACE_MILLIS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          Runtime.getRuntime().halt(exitCode);
        });
  }
}
