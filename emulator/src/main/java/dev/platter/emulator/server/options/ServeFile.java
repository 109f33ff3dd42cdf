package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import dev.platter.emulator.text.Durations;
import dev.platter.emulator.text.OptionWords;
import dev.platter.emulator.text.OptionWords.Word;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A server's configuration file: YAML whose keys are the options of {@code platter serve} without
 * their dashes. Paths are relative to the working directory, as those of options are.
 */
public final class ServeFile {
  private static final List<String> KEYS =
      List.of(
          "iothread",
          "export",
          "metrics",
          "control",
          "json-log",
          "log-level",
          "lock-wait",
          "io-workers",
          "confine",
          "allow",
          "stages");

  private final List<OptionValue<IoThreadConfig>> ioThreads = new ArrayList<>();
  private final List<OptionValue<ExportConfig>> exports = new ArrayList<>();
  private final List<OptionValue<ExportConfig>> doubtful = new ArrayList<>();
  private final List<OptionValue<Path>> allowed = new ArrayList<>();
  private final Map<String, String> places = new LinkedHashMap<>();
  private final List<ExportKind> kinds;
  private final Mistakes mistakes;
  private @Nullable InetSocketAddress metrics;
  private @Nullable Path control;
  private @Nullable Mode confine;
  private @Nullable Boolean jsonLog;
  private @Nullable Level logLevel;
  private @Nullable Long lockWaitNanos;
  private @Nullable Integer ioWorkers;
  private @Nullable String stages;

  private ServeFile(List<ExportKind> kinds, Mistakes mistakes) {
    this.kinds = kinds;
    this.mistakes = mistakes;
  }

  /**
   * Reads a file whose devices are of the kinds that Platter has.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot be read, or with the line and column of
   *     each error
   */
  public static ServeSettings read(Path file) {
    Mistakes mistakes = new Mistakes();
    ServeSettings settings = read(file, ExportKinds.ALL, mistakes);
    mistakes.refuse();
    return settings;
  }

  /**
   * Reads a file as far as possible.
   *
   * @param kinds the kinds of devices
   * @param mistakes gets errors, with line and column
   */
  public static ServeSettings read(Path file, List<ExportKind> kinds, Mistakes mistakes) {
    try {
      return parse(file.toString(), TextFile.read(file), kinds, mistakes);
    } catch (PlatterException e) {
      mistakes.add(e);
      return ServeSettings.NONE;
    }
  }

  static ServeSettings parse(String file, String text) {
    Mistakes mistakes = new Mistakes();
    ServeSettings settings = parse(file, text, ExportKinds.ALL, mistakes);
    mistakes.refuse();
    return settings;
  }

  private static ServeSettings parse(
      String file, String text, List<ExportKind> kinds, Mistakes mistakes) {
    YamlNode root = YamlReader.read(file, text);
    if (root == null || (root instanceof YamlNode.Scalar(_, var word) && word.isEmpty())) {
      return ServeSettings.NONE;
    }
    if (!(root instanceof YamlNode.YamlMapping mapping)) {
      throw root.refused(
          "this is " + root.kind() + ", not the options of platter serve", "Begin with export:");
    }
    mistakes.attempt(() -> mapping.checkKeys(KEYS));
    ServeFile its = new ServeFile(kinds, mistakes);
    for (YamlNode.Entry entry : mapping.entries()) {
      if (KEYS.contains(entry.key().text())) {
        its.places.put(entry.key().text(), entry.value().place());
        mistakes.attempt(() -> its.read(entry));
      }
    }
    return its.settings();
  }

  private void read(YamlNode.Entry entry) {
    switch (entry.key().text()) {
      case "iothread" -> each(entry, this::addIoThread);
      case "export" -> each(entry, this::addExport);
      case "allow" -> each(entry, node -> allowed.add(placed(node.place(), path(entry, node))));
      case "metrics" -> metrics = value(entry, ListenAddress::parse);
      case "control" -> control = path(entry, entry.value());
      case "confine" -> confine = value(entry, text -> Choices.parse(Mode.class, text));
      case "log-level" -> logLevel = value(entry, text -> Choices.parse(Level.class, text));
      case "lock-wait" -> lockWaitNanos = value(entry, Durations::parse);
      case "io-workers" -> ioWorkers = value(entry, IoWorkerLimit::parse);
      case "json-log" -> {
        Word word = FileWords.word(entry.key().text(), entry.value());
        jsonLog = alone(word).flag(word);
      }
      default -> stages = value(entry, text -> text);
    }
  }

  private void addIoThread(YamlNode node) {
    Mistakes its = new Mistakes();
    IoThreadConfig thread = IoThreadParser.parse(FileWords.ioThread(node, its), its);
    if (thread != null) {
      ioThreads.add(placed(node.place(), thread));
    }
    its.refuse();
  }

  private void addExport(YamlNode node) {
    Mistakes its = new Mistakes();
    OptionWords words = FileWords.export(node, kinds, its);
    ExportConfig export = ExportParser.parse(words, exports.size() + doubtful.size(), kinds, its);
    if (export != null) {
      (its.isEmpty() ? exports : doubtful)
          .add(new OptionValue<>(node.place(), export, true, FileWords.imagePlaces(words)));
    }
    its.refuse();
  }

  private static <T> OptionValue<T> placed(String place, T value) {
    return new OptionValue<>(place, value, true, List.of());
  }

  private ServeSettings settings() {
    return new ServeSettings(
        ioThreads,
        exports,
        metrics,
        control,
        confine,
        allowed,
        jsonLog,
        logLevel,
        lockWaitNanos,
        ioWorkers,
        stages,
        doubtful,
        places);
  }

  // ---- values --------------------------------------------------------------------------------

  /** Reads each element of a list; a value that is no list is its only element. */
  private void each(YamlNode.Entry entry, Consumer<YamlNode> reader) {
    YamlNode value = entry.value();
    if (value instanceof YamlNode.Items list) {
      list.items().forEach(item -> mistakes.attempt(() -> reader.accept(item)));
    } else {
      reader.accept(value);
    }
  }

  private static <T> T value(YamlNode.Entry entry, Function<String, T> parser) {
    Word word = FileWords.word(entry.key().text(), entry.value());
    String text = alone(word).value(word);
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw entry.value().refused(word.key() + ": " + e.getMessage(), null);
    }
  }

  private static Path path(YamlNode.Entry entry, YamlNode node) {
    Word word = FileWords.word(entry.key().text(), node);
    return alone(word).path(word);
  }

  private static OptionWords alone(Word word) {
    return OptionWords.inFile(word.place(), List.of(word));
  }
}
