package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.text.SpellingSuggestion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a YAML file, and where it begins: {@code FILE:LINE:COLUMN}, both from 1. */
sealed interface YamlNode {
  /** The place, at the beginning of errors. */
  String place();

  /** Its kind in words, for errors. */
  String kind();

  /** An error about the node. */
  default PlatterException refused(String what, @Nullable String remedy) {
    return PlatterException.badInput(place() + ": " + what, remedy);
  }

  /**
   * A text, number or truth value, as it was written.
   *
   * @param text without quotes; "" if there is none
   */
  record Scalar(String place, String text) implements YamlNode {
    @Override
    public String kind() {
      return text.isEmpty() ? "nothing" : "a single value";
    }
  }

  /** A list. */
  record Items(String place, List<YamlNode> items) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** Keys with values, in order; no key twice. */
  record YamlMapping(String place, List<Entry> entries) implements YamlNode {
    @Override
    public String kind() {
      return "keys with values";
    }

    /** The value of {@code key}, or null. */
    @Nullable YamlNode get(String key) {
      for (Entry entry : entries) {
        if (entry.key().text().equals(key)) {
          return entry.value();
        }
      }
      return null;
    }

    /** Refuses keys that are none of {@code known}. */
    void checkKeys(List<String> known) {
      Mistakes mistakes = new Mistakes();
      for (Entry entry : entries) {
        String key = entry.key().text();
        if (!known.contains(key)) {
          mistakes.add(
              entry
                  .key()
                  .refused(
                      "there is no '" + key + "' here",
                      SpellingSuggestion.remedy(key, known, known)));
        }
      }
      mistakes.refuse();
    }
  }

  /** A key and its value. */
  record Entry(Scalar key, YamlNode value) {}
}
