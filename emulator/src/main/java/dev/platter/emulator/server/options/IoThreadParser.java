package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.config.Names;
import dev.platter.emulator.text.OptionWords;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses an {@code --iothread}. */
public final class IoThreadParser {
  /** The keys of an IOThread. */
  static final List<String> KEYS = List.of("id", "cpu", "poll-max");

  private IoThreadParser() {}

  /**
   * Parses an IOThread.
   *
   * @throws PlatterException of kind BAD_INPUT that repeats the text and lists all errors
   */
  public static IoThreadConfig parse(String text) {
    Mistakes mistakes = new Mistakes();
    IoThreadConfig thread = parse(OptionWords.parse("--iothread", text), mistakes);
    mistakes.refuse();
    if (thread == null) {
      throw new IllegalStateException("nothing is wrong with " + text);
    }
    return thread;
  }

  /**
   * Parses an IOThread as far as possible.
   *
   * @param mistakes gets errors
   * @return null if it has no id
   */
  static @Nullable IoThreadConfig parse(OptionWords words, Mistakes mistakes) {
    AioConfig loop = IoThreadConfig.defaultLoop();
    String id = null;
    int cpu = IoThreadConfig.ANY_CPU;
    Set<String> given = new HashSet<>();
    for (OptionWords.Word word : words.words()) {
      try {
        words.once(given, word);
        switch (word.key()) {
          case "id" -> id = words.checked(word, value -> Names.check("IOThread id", value));
          case "cpu" -> cpu = words.number(word, 0, CpuAffinity.MAX_CPUS - 1);
          case "poll-max" -> loop = loop.withPollMaxNanos(words.duration(word));
          default -> throw words.unknown(word, KEYS, Set.of());
        }
      } catch (PlatterException e) {
        mistakes.add(e);
      }
    }
    if (id == null) {
      if (mistakes.isEmpty()) {
        mistakes.add(
            words.refused(
                "there is no id",
                "Add "
                    + words.written("id", "io0")
                    + ", and "
                    + words.written("iothread", "io0")
                    + " to an export"));
      }
      return null;
    }
    return new IoThreadConfig(id, cpu, loop);
  }
}
