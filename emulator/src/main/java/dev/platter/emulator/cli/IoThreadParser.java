package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.emulator.serve.IoThreadConfig;
import java.util.HashSet;
import java.util.Set;

/** Reads one {@code --iothread}. */
final class IoThreadParser {
  private IoThreadParser() {}

  /**
   * Reads one.
   *
   * @throws PlatterException of kind BAD_INPUT that repeats the text and says what is wrong
   */
  static IoThreadConfig parse(String text) {
    OptionString words = OptionString.parse("--iothread", text);
    AioConfig loop = IoThreadConfig.defaultLoop();
    String id = null;
    int cpu = IoThreadConfig.ANY_CPU;
    Set<String> given = new HashSet<>();
    for (OptionString.Word word : words.words()) {
      words.once(given, word);
      switch (word.key()) {
        case "id" -> id = words.value(word);
        case "cpu" -> cpu = words.number(word, 0, CpuAffinity.MAX_CPUS - 1);
        case "poll-max" -> loop = loop.withPollMaxNanos(words.duration(word));
        default ->
            throw words.refused(
                "there is no '" + word.key() + "' here", "One of id=, cpu=, poll-max=");
      }
    }
    if (id == null) {
      throw words.refused("there is no id", "--iothread id=io0, and iothread=io0 in an --export");
    }
    return new IoThreadConfig(id, cpu, loop);
  }
}
