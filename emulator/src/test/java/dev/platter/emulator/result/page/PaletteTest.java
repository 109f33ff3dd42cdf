package dev.platter.emulator.result.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both themes can be read: contrasts as WCAG 2 computes them. */
class PaletteTest {
  private static final Pattern VARIABLE = Pattern.compile("--([a-z0-9-]+): (#[0-9a-f]{6});");
  private static final double TEXT = 4.5;
  private static final double GRAPHICS = 3;

  private static Map<String, String> theme(boolean dark) throws Exception {
    try (InputStream in = PageWriter.class.getResourceAsStream("report.css")) {
      String css = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
      int from = css.indexOf("prefers-color-scheme: dark");
      Map<String, String> colours = variables(css.substring(0, from));
      Map<String, String> darker = variables(css.substring(from));
      assertThat(darker.keySet()).isEqualTo(colours.keySet());
      return dark ? darker : colours;
    }
  }

  private static Map<String, String> variables(String css) {
    Map<String, String> found = new HashMap<>();
    Matcher matcher = VARIABLE.matcher(css);
    while (matcher.find()) {
      found.put(matcher.group(1), matcher.group(2));
    }
    return found;
  }

  private static double luminance(String colour) {
    double[] parts = new double[3];
    for (int i = 0; i < 3; i++) {
      double value = Integer.parseInt(colour.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
      parts[i] = value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }

  private static double contrast(String one, String other) {
    double a = luminance(one);
    double b = luminance(other);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everythingStandsOut(boolean dark) throws Exception {
    Map<String, String> theme = theme(dark);
    for (String text : List.of("fg", "muted", "link", "bad", "s1", "s2", "s3", "s4", "s5", "s6")) {
      atLeast(theme, text, "bg", TEXT);
    }
    for (String line : List.of("axis", "edge")) {
      atLeast(theme, line, "bg", GRAPHICS);
    }
    for (String kind : List.of("bad", "good", "unsure")) {
      atLeast(theme, kind, kind + "-bg", TEXT);
    }
    atLeast(theme, "fg", "panel", TEXT);
    atLeast(theme, "fg", "differs", TEXT);
    for (String stage :
        List.of(
            "guest1", "guest2", "guest3", "wait1", "wait2", "wait3", "work1", "work2", "work3",
            "kernel1", "other1")) {
      atLeast(theme, "inside", stage, TEXT);
    }
  }

  private static void atLeast(Map<String, String> theme, String one, String other, double least) {
    assertThat(
            contrast(
                Objects.requireNonNull(theme.get(one)), Objects.requireNonNull(theme.get(other))))
        .as(one + " on " + other)
        .isGreaterThanOrEqualTo(least);
  }
}
