package dev.platter.emulator;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/**
 * The command line of a test's child JVM. The child begins with all signals at their defaults:
 * nohup and a script's background leave SIGHUP and SIGINT ignored for all that is started in them,
 * and a JVM does not take an ignored signal back.
 */
@NullMarked
public final class ChildJvm {
  // A child lives for seconds: code compiled for speed, and a second thread of a collector, cost
  // more than they save, on the processors that all tests share.
  private static final List<String> SHORT_LIVED =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private ChildJvm() {}

  /**
   * The command that runs a class.
   *
   * @param main the class, of the test's own class path
   * @param jvmOptions options for the JVM itself, besides the right to call native code
   * @param arguments the class's arguments
   */
  public static List<String> command(
      Class<?> main, List<String> jvmOptions, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(SHORT_LIVED);
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    return command;
  }

  /** Prepares to run a class, its error output with its output. */
  public static ProcessBuilder builder(Class<?> main, String... arguments) {
    return new ProcessBuilder(command(main, List.of(), Arrays.asList(arguments)))
        .redirectErrorStream(true);
  }
}
