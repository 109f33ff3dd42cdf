package dev.platter.emulator.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The frame that all results of runs share. */
final class JsonDocument {
  private JsonDocument() {}

  static Map<String, @Nullable Object> of(
      String schema,
      Map<String, @Nullable Object> environment,
      Map<String, @Nullable Object> parameters,
      List<Warnings.Warning> warnings,
      List<Object> rows) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("schema", schema);
    document.put("environment", environment);
    document.put("parameters", parameters);
    document.put("warnings", Warnings.toList(warnings));
    document.put("rows", rows);
    return document;
  }
}
