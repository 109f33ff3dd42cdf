package dev.platter.emulator.server.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.Build;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.jr.ob.JSON;

/** The lines of the protocol: what they hold, and what they may not. */
final class Wire {
  static final String SCHEMA = "platter.control/1";

  private static final int MAX_DEPTH = 8;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(32)
                  .maxNameLength(256)
                  .maxStringLength(LineReader.MAX_BYTES)
                  .build())
          .build();
  private static final JSON JSON_TEXT =
      JSON.builder(FACTORY).enable(JSON.Feature.WRITE_NULL_PROPERTIES).build();

  /**
   * What a peer asks for.
   *
   * @param id what it wants to know the answer by: text, a number or null
   */
  record Request(@Nullable Object id, String command, Arguments arguments) {}

  private Wire() {}

  /**
   * Reads a line.
   *
   * @throws PlatterException of kind BAD_INPUT that says what is wrong with it
   */
  static Request parse(byte[] line) {
    Map<String, Object> fields = object(line);
    Object id = fields.remove("id");
    if (id != null && !(id instanceof String || id instanceof Integer || id instanceof Long)) {
      throw refused("'id' is neither text nor a whole number");
    }
    if (!(fields.remove("execute") instanceof String command)) {
      throw refused("there is no 'execute' with the name of a command");
    }
    Object arguments = fields.remove("arguments");
    if (!fields.isEmpty()) {
      throw refused("there is no '" + fields.keySet().iterator().next() + "' in a request");
    }
    return new Request(id, command, Arguments.of(command, arguments));
  }

  private static Map<String, Object> object(byte[] line) {
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    } catch (CharacterCodingException e) {
      throw refused("it is no UTF-8");
    }
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw refused("it is no JSON object");
      }
      Map<String, Object> fields = new LinkedHashMap<>(JSON_TEXT.mapFrom(parser));
      if (parser.nextToken() != null) {
        throw refused("something comes after the JSON object");
      }
      return fields;
    } catch (JacksonException e) {
      throw refused("it is no JSON: " + e.getOriginalMessage());
    }
  }

  private static PlatterException refused(String why) {
    return PlatterException.badInput(
        "a line is no request: " + why, "{\"execute\":\"commands\"} lists what can be asked");
  }

  /** What a peer is told first. */
  static Map<String, @Nullable Object> greeting() {
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    line.put("schema", SCHEMA);
    line.put("version", Build.version());
    line.put("pid", ProcessHandle.current().pid());
    return line;
  }

  static Map<String, @Nullable Object> success(
      @Nullable Object id, Map<String, @Nullable Object> result) {
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    if (id != null) {
      line.put("id", id);
    }
    line.put("return", result);
    return line;
  }

  static Map<String, @Nullable Object> failure(@Nullable Object id, PlatterException why) {
    Map<String, @Nullable Object> error = new LinkedHashMap<>();
    error.put("kind", why.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    error.put("message", String.valueOf(why.getMessage()));
    if (why.remedy() != null) {
      error.put("remedy", why.remedy());
    }
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    if (id != null) {
      line.put("id", id);
    }
    line.put("error", error);
    return line;
  }

  /** A line without its end. */
  static String text(Map<String, @Nullable Object> line) {
    return JSON_TEXT.asString(line);
  }
}
