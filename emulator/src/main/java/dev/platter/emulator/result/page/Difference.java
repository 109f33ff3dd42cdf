package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is not the same in several documents, or not known to be.
 *
 * @param path where documents have it: {@code parameters.cache}
 * @param name what people call it
 * @param values how each document has it, in words; null where the document does not have it at all
 */
record Difference(String path, String name, List<@Nullable String> values) {
  private static final List<String> PARTS = List.of("parameters", "guest", "environment");

  /** Stands for a key that a document does not have. */
  private static final Object ABSENT = new Object();

  /** Whether it was chosen for the run, and is not the host's. */
  boolean isChosen() {
    return !path.startsWith("environment.");
  }

  /** Whether each document has it. */
  boolean isKnown() {
    return !values.contains(null);
  }

  /** Everything that differs: what was chosen first, then the hosts. */
  static List<Difference> of(List<Fields> documents) {
    List<Difference> found = new ArrayList<>();
    for (String part : PARTS) {
      List<@Nullable Object> values = new ArrayList<>();
      documents.forEach(document -> values.add(part(document, part)));
      compare(part, part.equals("guest") ? "guest" : "", part, values, found);
    }
    return found;
  }

  private static @Nullable Object part(Fields document, String part) {
    Fields fields = document.object(part);
    Fields parameters = document.object("parameters");
    if (fields == null) {
      return part.equals("guest") ? null : ABSENT;
    }
    Fields image = fields.object("image");
    if (image != null && parameters != null && parameters.has("scratch_bytes")) {
      // Its name is new in each run.
      Map<Object, @Nullable Object> scratch = new LinkedHashMap<>(image.map());
      scratch.put("path", "scratch");
      Map<Object, @Nullable Object> copy = new LinkedHashMap<>(fields.map());
      copy.put("image", scratch);
      return copy;
    }
    return fields.map();
  }

  private static void compare(
      String path, String name, String key, List<@Nullable Object> values, List<Difference> found) {
    List<Map<?, ?>> objects = new ArrayList<>();
    boolean all = true;
    for (Object value : values) {
      Map<?, ?> object = ABSENT.equals(value) ? Map.of() : object(value);
      all &= object != null;
      objects.add(object == null ? Map.of() : object);
    }
    Set<String> keys = new LinkedHashSet<>();
    objects.forEach(object -> object.keySet().forEach(inner -> keys.add(inner.toString())));
    if (all && !keys.isEmpty()) {
      for (String inner : keys) {
        List<@Nullable Object> of = new ArrayList<>();
        for (Map<?, ?> object : objects) {
          of.add(object.containsKey(inner) ? object.get(inner) : ABSENT);
        }
        compare(
            path + "." + inner,
            (name + " " + ConditionTables.name(inner)).strip(),
            inner,
            of,
            found);
      }
    } else if (values.stream().map(Difference::comparable).distinct().count() > 1) {
      found.add(new Difference(path, name.isEmpty() ? path : name, shown(key, values)));
    }
  }

  /** An object, or a list of objects by their names; else null. */
  private static @Nullable Map<?, ?> object(@Nullable Object value) {
    if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
      Map<String, @Nullable Object> byName = new LinkedHashMap<>();
      for (Object element : list) {
        Object named = element instanceof Map<?, ?> map ? map.get("name") : null;
        byName.put(named == null ? "" + (byName.size() + 1) : named.toString(), element);
      }
      return byName;
    }
    return value instanceof Map<?, ?> map ? map : null;
  }

  /** Numbers are the same whatever type a parser gives them; null is a value of its own. */
  private static Object comparable(@Nullable Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    return value == null ? List.of(ABSENT) : value;
  }

  private static List<@Nullable String> shown(String key, List<@Nullable Object> values) {
    List<@Nullable String> shown = new ArrayList<>();
    values.forEach(value -> shown.add(ABSENT.equals(value) ? null : shown(key, value)));
    if (shown.stream().distinct().count()
        == values.stream().map(Difference::comparable).distinct().count()) {
      return shown;
    }
    // Rounded, they look the same.
    List<@Nullable String> exact = new ArrayList<>();
    values.forEach(value -> exact.add(ABSENT.equals(value) ? null : exact(key, value)));
    return exact;
  }

  private static String shown(String key, @Nullable Object value) {
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return ConditionTables.shown(key, number.doubleValue());
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> entry.getKey() + "=" + entry.getValue())
          .collect(Collectors.joining(" "));
    }
    return ConditionTables.text(value);
  }

  /** With all digits, in the unit of the key. */
  private static String exact(String key, @Nullable Object value) {
    if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
      return shown(key, value);
    }
    String unit = key.endsWith("_bytes") ? "B" : key.endsWith("_us") ? "µs" : "";
    return (Markup.exact(number.doubleValue()) + Quantity.NBSP + unit).strip();
  }
}
