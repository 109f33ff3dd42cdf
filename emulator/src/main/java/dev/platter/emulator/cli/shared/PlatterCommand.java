package dev.platter.emulator.cli.shared;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.Build;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.result.Origin;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/**
 * What all commands have in common: --help, --version, the exit codes, where output goes. A command
 * says in its own annotation what it is called and does, and gives examples as footer.
 */
@Command(
    mixinStandardHelpOptions = true,
    versionProvider = PlatterCommand.Version.class,
    descriptionHeading = "%n",
    parameterListHeading = "%nParameters:%n",
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:the run failed: an I/O error, a verification mismatch, a bug",
      "2:bad usage or input: an option, a path, an image",
      "3:the host lacks something: io_uring, a kernel feature, a limit",
      "130:interrupted (128 and the signal's number), with what there is so far printed",
    },
    footerHeading = "%nExamples:%n",
    sortOptions = false)
public abstract class PlatterCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** The command as picocli sees it, to blame in a ParameterException. */
  protected final CommandSpec spec() {
    return spec;
  }

  /** Where results for people go: nowhere, if standard output is for JSON only. */
  public final PrintWriter out() {
    return printsJson() ? new PrintWriter(Writer.nullWriter()) : stdout();
  }

  /** Standard output, for what is not only for people. */
  public final PrintWriter stdout() {
    return spec.commandLine().getOut();
  }

  private boolean printsJson() {
    OptionSpec json = spec.findOption(JsonOption.NAME);
    return json != null && JsonFile.STANDARD_OUTPUT.equals(json.getValue());
  }

  /** Where progress and notes go. */
  protected final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** The command line to type to do this again, from the directory that {@code ./platter} is in. */
  protected final String commandLine() {
    List<String> words = new ArrayList<>();
    words.add("./platter");
    words.addAll(spec.root().commandLine().getParseResult().originalArgs());
    String jvmOptions = Settings.javaOptions();
    return (jvmOptions == null
            ? ""
            : "PLATTER_JAVA_OPTS=" + Origin.quoted(List.of(jvmOptions)) + " ")
        + Origin.quoted(words);
  }

  /**
   * Refuses options that make no sense.
   *
   * @throws PlatterException of kind BAD_INPUT, unless the condition holds
   */
  public static void require(boolean condition, String message, @Nullable String remedy) {
    if (!condition) {
      throw PlatterException.badInput(message, remedy);
    }
  }

  /** Answers --version. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "platter " + Build.version(),
        "JVM "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"),
      };
    }
  }
}
