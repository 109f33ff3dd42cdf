package dev.platter.emulator.server.metrics;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a PromQL expression names. It reads names and no grammar: Prometheus checks that. */
record PromQl(List<Selector> selectors, Set<String> groupingLabels) {
  /** A metric, and the labels that it is asked for by. */
  record Selector(String metric, Set<String> labels) {}

  private static final Pattern GROUPING =
      Pattern.compile("\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");
  private static final Pattern TOKEN =
      Pattern.compile(
          "\"(?:[^\"\\\\]|\\\\.)*\"|\\[[^\\]]*\\]|([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*(\\{(?:\"[^\"]*\"|[^}\"])*\\}|\\()?");
  private static final Pattern MATCHER = Pattern.compile("([a-zA-Z_]\\w*)\\s*(?:=~|!~|!=|=)");
  private static final Set<String> WORDS =
      Set.of("and", "or", "unless", "bool", "offset", "by", "on", "without", "ignoring");

  static PromQl parse(String expression) {
    Set<String> grouping = new LinkedHashSet<>();
    Matcher groups = GROUPING.matcher(expression);
    while (groups.find()) {
      for (String label : groups.group(1).split(",", -1)) {
        if (!label.isBlank()) {
          grouping.add(label.strip());
        }
      }
    }
    List<Selector> selectors = new ArrayList<>();
    Matcher tokens = TOKEN.matcher(groups.replaceAll(" "));
    while (tokens.find()) {
      String name = tokens.group(1);
      String after = tokens.group(2);
      if (name == null || "(".equals(after) || WORDS.contains(name) || isNumber(name)) {
        continue;
      }
      selectors.add(new Selector(name, after == null ? Set.of() : labels(after)));
    }
    return new PromQl(selectors, grouping);
  }

  private static boolean isNumber(String name) {
    return name.matches("e\\d+|inf|Inf|NaN");
  }

  private static Set<String> labels(String braces) {
    Set<String> labels = new LinkedHashSet<>();
    Matcher matchers = MATCHER.matcher(braces.replaceAll("\"[^\"]*\"", "\"\""));
    while (matchers.find()) {
      labels.add(matchers.group(1));
    }
    return labels;
  }
}
