package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.MalformedDocument;
import dev.platter.emulator.result.document.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An object of a document. Keys may go deeper with dots: {@code latency_us.p50}. What is absent or
 * null is null or empty here: an older document may not have it. What is there and of another type
 * than asked for is a {@link MalformedDocument}.
 *
 * @param path where it is in its document: the document's number and a colon, then keys as {@code
 *     rows[0].}
 * @param map its keys
 */
record Fields(String path, Map<?, ?> map) {
  /** The document of a number. */
  static Fields of(int number, Map<?, ?> document) {
    return new Fields(number + ":", document);
  }

  /** The full name of a key of this object. */
  String pathTo(String key) {
    return path + key;
  }

  private @Nullable Object value(String key) {
    if (map.containsKey(key)) {
      return map.get(key);
    }
    Object value = map;
    for (String part : key.split("\\.", -1)) {
      if (!(value instanceof Map<?, ?> object)) {
        throw malformed(key, "lies in something that is no object");
      }
      value = object.get(part);
      if (value == null) {
        return null;
      }
    }
    return value;
  }

  private MalformedDocument malformed(String key, String what) {
    return MalformedDocument.at(pathTo(key), what);
  }

  /** Whether there is a value that is not null. */
  boolean has(String key) {
    return value(key) != null;
  }

  /** A finite number, or null. */
  @Nullable Double number(String key) {
    Object value = value(key);
    if (value == null) {
      return null;
    }
    return asNumber(key, value);
  }

  private double asNumber(String key, @Nullable Object value) {
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw malformed(key, "is not a number");
  }

  /** A number; 0 where there is none. */
  double numberOr0(String key) {
    Double number = number(key);
    return number == null ? 0 : number;
  }

  /** A string, or null. */
  @Nullable String text(String key) {
    Object value = value(key);
    if (value == null) {
      return null;
    }
    if (value instanceof String text) {
      return text;
    }
    throw malformed(key, "is not a string");
  }

  /** A string; the empty one where there is none. */
  String textOrEmpty(String key) {
    String text = text(key);
    return text == null ? "" : text;
  }

  /** A string that must be there. */
  String required(String key) {
    String text = text(key);
    if (text == null) {
      throw malformed(key, "is missing");
    }
    return text;
  }

  /** Whether a boolean is there and true. */
  boolean isTrue(String key) {
    Object value = value(key);
    if (value != null && !(value instanceof Boolean)) {
      throw malformed(key, "is neither true nor false");
    }
    return Boolean.TRUE.equals(value);
  }

  /** Whether a boolean is there and false. */
  boolean isFalse(String key) {
    return has(key) && !isTrue(key);
  }

  /** An object, or null. */
  @Nullable Fields object(String key) {
    Object value = value(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Map<?, ?> object) {
      return new Fields(pathTo(key) + ".", object);
    }
    throw malformed(key, "is not an object");
  }

  /** An inner object as a record; null if it is absent or null. */
  <T extends Record> @Nullable T record(String key, Class<T> type) {
    Fields object = object(key);
    return object == null ? null : Records.read(type, object.map, object.path);
  }

  /** A list of anything. */
  List<?> list(String key) {
    Object value = value(key);
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> list) {
      return list;
    }
    throw malformed(key, "is not a list");
  }

  /** A list of objects. */
  List<Fields> objects(String key) {
    List<Fields> objects = new ArrayList<>();
    for (Object element : list(key)) {
      String name = key + "[" + objects.size() + "]";
      if (!(element instanceof Map<?, ?> object)) {
        throw malformed(name, "is not an object");
      }
      objects.add(new Fields(pathTo(name) + ".", object));
    }
    return objects;
  }

  /** A list of objects that must be there. */
  List<Fields> requiredObjects(String key) {
    if (!has(key)) {
      throw malformed(key, "is missing");
    }
    return objects(key);
  }

  /** A list of strings. */
  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    for (Object element : list(key)) {
      if (!(element instanceof String text)) {
        throw malformed(key + "[" + texts.size() + "]", "is not a string");
      }
      texts.add(text);
    }
    return texts;
  }

  /** A list of pairs of numbers. */
  List<double[]> pairs(String key) {
    List<double[]> pairs = new ArrayList<>();
    for (Object element : list(key)) {
      String name = key + "[" + pairs.size() + "]";
      if (!(element instanceof List<?> pair) || pair.size() != 2) {
        throw malformed(name, "is not a pair");
      }
      pairs.add(
          new double[] {asNumber(name + "[0]", pair.get(0)), asNumber(name + "[1]", pair.get(1))});
    }
    return pairs;
  }

  /** The keys of this object. */
  List<String> keys() {
    return map.keySet().stream().map(Object::toString).toList();
  }
}
