package dev.platter.emulator.result.document;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The mapping between records and JSON. The JSON itself is read and written as a tree of maps,
 * lists, strings, numbers, booleans and nulls; a record is an object of that tree.
 *
 * <p>The key of a component is its name with underscores for capitals: {@code mmioExits} is {@code
 * mmio_exits}. {@link Key} names another, and {@link Inline} puts the keys of a record into the
 * object around it. Keys are written in the order of the components. Keys without a component are
 * ignored when an object is read: a newer Platter has written them.
 */
public final class Records {
  private Records() {}

  /** A component as JSON has it. */
  private record Property(
      String key, RecordComponent component, boolean inline, boolean nullable, boolean required) {
    static Property of(RecordComponent component) {
      Key key = component.getAnnotation(Key.class);
      component.getAccessor().setAccessible(true); // of records that a package keeps to itself
      return new Property(
          key == null ? snakeCase(component.getName()) : key.value(),
          component,
          component.isAnnotationPresent(Inline.class),
          component.getAnnotatedType().isAnnotationPresent(Nullable.class),
          component.isAnnotationPresent(Required.class));
    }

    private static String snakeCase(String name) {
      return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    @Nullable Object of(Record record) {
      try {
        return component.getAccessor().invoke(record);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A type of record: its components in their order, and what makes a record of their values. */
  private record Shape(List<Property> properties, Constructor<?> constructor) {
    static Shape of(Class<?> type) {
      RecordComponent[] components = type.getRecordComponents();
      try {
        Constructor<?> constructor =
            type.getDeclaredConstructor(
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
        constructor.setAccessible(true);
        return new Shape(Arrays.stream(components).map(Property::of).toList(), constructor);
      } catch (NoSuchMethodException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Whether an object has a key of this type. */
    boolean isIn(Map<?, ?> object) {
      return properties.stream().anyMatch(property -> object.containsKey(property.key()));
    }
  }

  private static final ClassValue<Shape> SHAPES =
      new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
          return Shape.of(type);
        }
      };

  // ---- from records ----------------------------------------------------------------------------

  /** The object of a record, in the order of its keys. */
  public static Map<String, @Nullable Object> toMap(Record record) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    put(record, map);
    return map;
  }

  private static void put(Record record, Map<String, @Nullable Object> map) {
    for (Property property : SHAPES.get(record.getClass()).properties()) {
      Object value = property.of(record);
      if (property.inline()) {
        if (value instanceof Record part) {
          put(part, map);
        }
      } else {
        map.put(property.key(), tree(value));
      }
    }
  }

  private static @Nullable Object tree(@Nullable Object value) {
    return switch (value) {
      case Record record -> toMap(record);
      case List<?> list -> {
        List<@Nullable Object> copy = new ArrayList<>(list.size());
        list.forEach(element -> copy.add(tree(element)));
        yield copy;
      }
      case Map<?, ?> object -> {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        object.forEach((key, element) -> copy.put(key.toString(), tree(element)));
        yield copy;
      }
      case null, default -> value;
    };
  }

  // ---- to records ------------------------------------------------------------------------------

  /**
   * The record of an object. A key that is absent or null gives null in a component that may be
   * null; in other components it gives an empty list, string or record, the number 0, or false.
   *
   * @param path the text that messages put before the object's keys: {@code rows[0].}
   * @throws MalformedDocument if a {@link Required} value is missing, or one is of another type
   */
  public static <T extends Record> T read(Class<T> type, Map<?, ?> object, String path) {
    Shape shape = SHAPES.get(type);
    @Nullable Object[] values = new @Nullable Object[shape.properties().size()];
    for (int i = 0; i < values.length; i++) {
      Property property = shape.properties().get(i);
      values[i] =
          property.inline()
              ? part(property, object, path)
              : value(property, object.get(property.key()), path + property.key());
    }
    try {
      return type.cast(shape.constructor().newInstance(values));
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A record that stands in the object around it; null where none of its keys are there. */
  private static @Nullable Record part(Property property, Map<?, ?> object, String path) {
    Class<? extends Record> type = property.component().getType().asSubclass(Record.class);
    return property.nullable() && !SHAPES.get(type).isIn(object) ? null : read(type, object, path);
  }

  private static @Nullable Object value(Property property, @Nullable Object value, String path) {
    Class<?> type = property.component().getType();
    if (value != null) {
      return value(property.component().getGenericType(), value, path);
    }
    if (property.required()) {
      throw MalformedDocument.at(path, "is missing");
    }
    if (property.nullable()) {
      return null;
    }
    if (type == String.class) {
      return "";
    }
    if (type.isRecord()) {
      return read(type.asSubclass(Record.class), Map.of(), path + ".");
    }
    if (type == List.class) {
      return List.of();
    }
    if (type == Map.class) {
      return Map.of();
    }
    if (type == boolean.class) {
      return false;
    }
    if (type.isPrimitive()) {
      return number(type, 0);
    }
    throw new IllegalStateException(path + " has no value that stands for nothing");
  }

  private static @Nullable Object value(Type type, @Nullable Object value, String path) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      return generic.getRawType() == List.class
          ? list(arguments[0], value, path)
          : map(arguments[1], value, path);
    }
    if (type == Object.class) {
      return value;
    }
    if (type instanceof Class<?> one && one.isRecord()) {
      if (value instanceof Map<?, ?> object) {
        return read(one.asSubclass(Record.class), object, path + ".");
      }
      throw MalformedDocument.at(path, "is not an object");
    }
    if (type == String.class) {
      if (value instanceof String text) {
        return text;
      }
      throw MalformedDocument.at(path, "is not a string");
    }
    if (type == boolean.class || type == Boolean.class) {
      if (value instanceof Boolean answer) {
        return answer;
      }
      throw MalformedDocument.at(path, "is neither true nor false");
    }
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number(type, number);
    }
    throw MalformedDocument.at(path, "is not a number");
  }

  private static Number number(Type type, Number number) {
    if (type == double.class || type == Double.class) {
      return number.doubleValue();
    }
    if (type == int.class || type == Integer.class) {
      return number.intValue();
    }
    return number.longValue();
  }

  private static List<@Nullable Object> list(Type of, @Nullable Object value, String path) {
    if (!(value instanceof List<?> list)) {
      throw MalformedDocument.at(path, "is not a list");
    }
    List<@Nullable Object> copy = new ArrayList<>(list.size());
    for (Object element : list) {
      copy.add(value(of, element, path + "[" + copy.size() + "]"));
    }
    return copy;
  }

  private static Map<String, @Nullable Object> map(Type of, @Nullable Object value, String path) {
    if (!(value instanceof Map<?, ?> object)) {
      throw MalformedDocument.at(path, "is not an object");
    }
    Map<String, @Nullable Object> copy = new LinkedHashMap<>();
    object.forEach(
        (key, element) -> copy.put(key.toString(), value(of, element, path + "." + key)));
    return copy;
  }
}
