package dev.platter.emulator.text;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the known word that a user may have meant. */
public final class SpellingSuggestion {
  private static final int MAX_LENGTH = 40;

  private SpellingSuggestion() {}

  /**
   * The remedy for an unknown word: the known word that was probably meant, and all known words.
   *
   * @param known all known words
   * @param written the same words in the form in which users write them
   */
  public static String remedy(String word, List<String> known, List<String> written) {
    String all = "One of " + String.join(", ", written);
    String nearest = of(word, known);
    return nearest == null ? all : "Did you mean " + nearest + "? " + all;
  }

  /** The known word that is one or two typing errors away from {@code word}, or null. */
  static @Nullable String of(String word, List<String> known) {
    if (word.length() > MAX_LENGTH) {
      return null;
    }
    String nearest = null;
    int least = Math.min(2, word.length() / 2) + 1;
    for (String candidate : known) {
      int distance = distance(word.replace('_', '-'), candidate);
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /** How many characters to add, drop, change or swap with the next one. */
  private static int distance(String from, String to) {
    int[][] distances = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        distances[i][j] = i == 0 || j == 0 ? i + j : step(distances, from, to, i, j);
      }
    }
    return distances[from.length()][to.length()];
  }

  private static int step(int[][] distances, String from, String to, int i, int j) {
    int change = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
    int least =
        Math.min(
            distances[i - 1][j - 1] + change,
            Math.min(distances[i - 1][j], distances[i][j - 1]) + 1);
    boolean swapped =
        i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1);
    return swapped ? Math.min(least, distances[i - 2][j - 2] + 1) : least;
  }
}
