package dev.platter.emulator.result.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.jr.ob.JSON;

class RecordsTest {
  private record Inner(long offsetBytes, @Nullable Double mean) {}

  private record Part(boolean partial, List<String> names) {}

  private record Outer(
      @Required String name,
      @Key("p99_9") @Nullable Double p999,
      @Inline Part part,
      @Inline @Nullable Inner absent,
      List<Inner> rows,
      Map<String, Long> counts,
      String unit,
      Inner sum,
      Map<String, @Nullable Object> open) {}

  private static Outer read(String json) {
    return Records.read(Outer.class, JSON.std.mapFrom(json), "1:");
  }

  private static final String WHOLE =
      """
      {"name": "x", "p99_9": 2.5, "partial": true, "names": ["a"],
       "rows": [{"offset_bytes": 9007199254740993, "mean": null}],
       "counts": {"b": 1, "a": 2}, "unit": "", "sum": {"offset_bytes": 0, "mean": null},
       "open": {"z": [1, {"y": null}]}}
      """;

  @Test
  void anObjectIsReadAndWrittenInTheOrderOfItsKeys() {
    assertThat(
            JSON.builder()
                .enable(JSON.Feature.WRITE_NULL_PROPERTIES)
                .build()
                .asString(Records.toMap(read(WHOLE))))
        .isEqualTo(WHOLE.replaceAll("\\s", ""));
  }

  @Test
  void keysOfNewerDocumentsAreIgnoredAndMissingOnesEmpty() {
    assertThat(read("{\"name\": \"x\", \"newer\": {\"a\": 1}}"))
        .isEqualTo(
            new Outer(
                "x",
                null,
                new Part(false, List.of()),
                null,
                List.of(),
                Map.of(),
                "",
                new Inner(0, null),
                Map.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "\"name\": \"x\"        | \"name\": null        | 'name' is missing",
        "\"name\": \"x\"        | \"name\": 1           | 'name' is not a string",
        "\"p99_9\": 2.5         | \"p99_9\": \"2\"      | 'p99_9' is not a number",
        "\"partial\": true      | \"partial\": 0        | 'partial' is neither true nor false",
        "[\"a\"]                | [\"a\", 1]            | 'names[1]' is not a string",
        "\"mean\": null         | \"mean\": {}          | 'rows[0].mean' is not a number",
        "\"a\": 2               | \"a\": []             | 'counts.a' is not a number",
        "\"open\": {            | \"open\": 1, \"o\": { | 'open' is not an object",
        "\"rows\": [            | \"rows\": 1, \"o\": [ | 'rows' is not a list",
      })
  void whatIsWrongIsToldWithItsPath(String good, String bad, String message) {
    assertThat(WHOLE).contains(good);
    assertThatExceptionOfType(MalformedDocument.class)
        .isThrownBy(() -> read(WHOLE.replace(good, bad)))
        .withMessage(message);
  }
}
