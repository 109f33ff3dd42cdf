package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The options that a JVM is started with, by its command line and by the environment. The second
 * JVM of a confined server reads them again under the rules. An option that fails then ends it
 * before any code of Platter runs, so the first JVM checks all options.
 *
 * @param options each with the place that it was found in
 */
record JvmOptions(List<Option> options) {
  private static final String OF_LAUNCHER = "JDK_JAVA_OPTIONS";
  private static final List<String> VARIABLES =
      List.of(OF_LAUNCHER, "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");
  private static final String VM_OPTIONS_FILE = "-XX:VMOptionsFile=";
  private static final Set<String> WITH_VALUE =
      Set.of(
          "-cp",
          "-classpath",
          "--class-path",
          "-p",
          "--module-path",
          "--add-modules",
          "--add-exports",
          "--add-opens",
          "--add-reads",
          "--limit-modules",
          "--patch-module",
          "--enable-native-access");
  private static final List<String> AGENTS = List.of("-javaagent:", "-agentpath:");
  private static final List<String> READ =
      List.of(
          "-XX:AOTCache=",
          "-XX:Flags=",
          "-XX:SharedArchiveFile=",
          VM_OPTIONS_FILE,
          "-Djava.security.properties=",
          "-Djava.util.logging.config.file=",
          "@");
  private static final List<String> IMPOSSIBLE =
      List.of(
          "-XX:StartFlightRecording",
          "-agentlib:jdwp",
          "-Xrunjdwp",
          "-Dcom.sun.management.jmxremote.port=");
  private static final Pattern LOG = Pattern.compile("-Xlog(?:gc:|:[^:]*:)(?:file=)?([^:]*).*");
  private static final List<String> STREAMS = List.of("", "stdout", "stderr");

  /**
   * An option.
   *
   * @param text as it was written
   * @param place the name of a variable or a file, or "" for the command line
   */
  record Option(String text, String place) {
    private String where() {
      return place.isEmpty() ? text : text + " of " + place;
    }
  }

  /** Makes the list immutable. */
  JvmOptions {
    options = List.copyOf(options);
  }

  /** The options of the running JVM. */
  static JvmOptions running() throws IOException {
    return of(SameProgram.running().arguments(), System.getenv());
  }

  /**
   * The options of a program.
   *
   * @param arguments its command line, the program first
   */
  static JvmOptions of(List<byte[]> arguments, Map<String, String> environment) {
    List<Option> options = new ArrayList<>();
    for (String name : VARIABLES) {
      List<Option> words =
          placed(JvmOptionSplitter.ofVariable(environment.getOrDefault(name, "")), name);
      options.addAll(name.equals(OF_LAUNCHER) ? ofLauncher(words) : words);
    }
    options.addAll(
        ofLauncher(
            placed(arguments.stream().skip(1).map(word -> new String(word, UTF_8)).toList(), "")));
    return new JvmOptions(withVmOptionsFiles(options));
  }

  private static List<Option> placed(List<String> words, String place) {
    return words.stream().map(word -> new Option(word, place)).toList();
  }

  /** The options before the program, with those of argument files, which cannot name others. */
  private static List<Option> ofLauncher(List<Option> words) {
    List<Option> options = new ArrayList<>();
    Deque<Option> left = new ArrayDeque<>(words);
    Set<String> files = new HashSet<>();
    boolean expands = true;
    while (!left.isEmpty()) {
      Option option = left.removeFirst();
      String text = option.text();
      if (WITH_VALUE.contains(text)) {
        left.pollFirst();
        continue;
      }
      if (text.equals("-jar") || !(text.startsWith("-") || text.startsWith("@"))) {
        break; // the program, and its own arguments after it
      }
      options.add(option);
      expands &= !text.equals("--disable-@files");
      if (expands && text.matches("@[^@].*") && !files.contains(option.place())) {
        String file = text.substring(1);
        files.add(file);
        placed(JvmOptionSplitter.ofArgumentFile(contents(file)), file)
            .reversed()
            .forEach(left::addFirst);
      }
    }
    return options;
  }

  private static List<Option> withVmOptionsFiles(List<Option> options) {
    List<Option> all = new ArrayList<>();
    for (Option option : options) {
      all.add(option);
      if (option.text().startsWith(VM_OPTIONS_FILE)) {
        String file = option.text().substring(VM_OPTIONS_FILE.length());
        all.addAll(placed(JvmOptionSplitter.ofVariable(contents(file)), file));
      }
    }
    return all;
  }

  private static String contents(String file) {
    try {
      Path path = Path.of(file);
      return Files.isRegularFile(path) ? new String(Files.readAllBytes(path), UTF_8) : "";
    } catch (IOException | InvalidPathException e) {
      return ""; // a JVM that is started with it reports the error
    }
  }

  /** Rules for the files that the JVM reads because of its options. */
  List<PathRule> rules() {
    List<PathRule> rules = new ArrayList<>();
    for (Option option : options) {
      for (String prefix : AGENTS) {
        if (option.text().startsWith(prefix)) {
          String value = option.text().substring(prefix.length());
          int equals = value.indexOf('=');
          rules.add(read(option, equals < 0 ? value : value.substring(0, equals)));
        }
      }
      for (String prefix : READ) {
        if (option.text().startsWith(prefix)) {
          rules.add(read(option, option.text().substring(prefix.length())));
        }
      }
    }
    return rules;
  }

  private static PathRule read(Option option, String file) {
    return PathRule.of(path(option, file), PathRule.READ);
  }

  private static Path path(Option option, String file) {
    try {
      return Path.of(file);
    } catch (InvalidPathException e) {
      throw PlatterException.badInput(
          "the JVM option " + option.where() + " names no file", "Correct it, or leave it out");
    }
  }

  /** Agents, which may want more than their own file. */
  List<String> agents() {
    return options.stream()
        .filter(option -> AGENTS.stream().anyMatch(option.text()::startsWith))
        .map(Option::where)
        .toList();
  }

  /**
   * Refuses options that no confined JVM can carry out, because it would end without a message.
   *
   * @param allowed the files and directories of {@code --allow}
   */
  void check(List<Path> allowed) {
    for (Option option : options) {
      if (IMPOSSIBLE.stream().anyMatch(option.text()::startsWith)) {
        throw PlatterException.badInput(
            "a confined server cannot run with the JVM option " + option.where(),
            "Leave it out, or use --confine off");
      }
      Matcher log = LOG.matcher(option.text());
      if (log.matches() && !STREAMS.contains(log.group(1))) {
        checkLog(option, log.group(1).replace("\"", ""), allowed);
      }
    }
  }

  /** The JVM makes log files and renames them, so only an existing file can be written to. */
  private static void checkLog(Option option, String named, List<Path> allowed) {
    Path file = path(option, named).toAbsolutePath().normalize();
    boolean writable =
        Files.isRegularFile(file)
            && allowed.stream()
                .map(path -> path.toAbsolutePath().normalize())
                .anyMatch(file::startsWith);
    if (!writable || !option.text().contains("filecount=0")) {
      throw PlatterException.badInput(
          "a confined server cannot make the log file of the JVM option " + option.where(),
          "Create the file, give --allow %s and -Xlog:gc:file=%s::filecount=0; or --confine off"
              .formatted(named, named));
    }
  }
}
