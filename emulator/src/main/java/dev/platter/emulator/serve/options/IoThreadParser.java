package dev.platter.emulator.serve.options;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.emulator.serve.IoThreadConfig;
import dev.platter.emulator.serve.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads one {@code --iothread}. */
public final class IoThreadParser {
  /** What there is to say of one. */
  static final List<String> KEYS = List.of("id", "cpu", "poll-max");

  private IoThreadParser() {}

  /**
   * Reads one.
   *
   * @throws PlatterException of kind BAD_INPUT that repeats the text and says what is wrong
   */
  public static IoThreadConfig parse(String text) {
    return parse(OptionWords.parse("--iothread", text));
  }

  static IoThreadConfig parse(OptionWords words) {
    AioConfig loop = IoThreadConfig.defaultLoop();
    String id = null;
    int cpu = IoThreadConfig.ANY_CPU;
    Set<String> given = new HashSet<>();
    for (OptionWords.Word word : words.words()) {
      words.once(given, word);
      switch (word.key()) {
        case "id" -> id = words.checked(word, value -> Names.check("IOThread id", value));
        case "cpu" -> cpu = words.number(word, 0, CpuAffinity.MAX_CPUS - 1);
        case "poll-max" -> loop = loop.withPollMaxNanos(words.duration(word));
        default -> throw words.unknown(word, KEYS, Set.of());
      }
    }
    if (id == null) {
      throw words.refused(
          "there is no id",
          "Add "
              + words.written("id", "io0")
              + ", and "
              + words.written("iothread", "io0")
              + " to an export");
    }
    return new IoThreadConfig(id, cpu, loop);
  }
}
