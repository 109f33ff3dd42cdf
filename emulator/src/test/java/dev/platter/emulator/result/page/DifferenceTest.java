package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.jr.ob.JSON;

class DifferenceTest {
  private static List<String> differences(String... documents) {
    List<Fields> fields =
        List.of(documents).stream()
            .map(text -> Fields.of(1, JSON.std.mapFrom(text.replace('\'', '"'))))
            .toList();
    return Difference.of(fields).stream().map(one -> one.name() + one.values()).toList();
  }

  @Test
  void whatWasChosenComesFirst() {
    assertThat(
            differences(
                "{'environment': {'cpu_count': 2}, 'parameters': {'runs': 1, 'cache': 'none'}}",
                "{'environment': {'cpu_count': 4}, 'parameters': {'runs': 5.0, 'cache': 'none'}}"))
        .containsExactly("runs[1, 5]", "processors[2, 4]");
  }

  @Test
  void theSameNumberIsTheSameInEveryForm() {
    assertThat(
            differences(
                "{'parameters': {'x': 1, 'y': null}}", "{'parameters': {'x': 1.0, 'y': null}}"))
        .isEmpty();
  }

  @Test
  void whatLooksTheSameRoundedIsShownExactly() {
    assertThat(
            differences(
                "{'parameters': {'memory_bytes': 25258352640, 'poll_max_us': 32.768}}",
                "{'parameters': {'memory_bytes': 25258352641, 'poll_max_us': 32.769}}"))
        .containsExactly(
            "memory[25258352640\u00a0B, 25258352641\u00a0B]",
            "poll max[32.768\u00a0µs, 32.769\u00a0µs]");
  }

  @Test
  void whatADocumentDoesNotSayIsNotNull() {
    assertThat(differences("{'parameters': {'a': null}}", "{'parameters': {}}"))
        .containsExactly("a[–, null]");
    assertThat(differences("{'parameters': {'a': 1}}", "{}")).containsExactly("a[1, null]");
  }

  @Test
  void anObjectInPlaceOfNothingIsOneDifference() {
    assertThat(
            differences(
                "{'parameters': {'fio_like': {'rw': 'read', 'iodepth': 1}}}",
                "{'parameters': {'fio_like': null}}"))
        .containsExactly("fio like[rw=read iodepth=1, –]");
  }

  @Test
  void loopsAreToldApartByName() {
    String first = "{'environment': {'loops': [{'name': 'raw', 'granted': ['A', 'B']}, %s]}}";
    String loop = "{'name': 'main-loop', 'granted': ['A']}";
    assertThat(
            differences(
                first.formatted(loop), first.formatted("{'name': 'main-loop', 'granted': []}")))
        .containsExactly("loops main-loop granted[A, none]");
  }

  @Test
  void aScratchImageHasANewNameInEachRun() {
    String scratch =
        "{'parameters': {'scratch_bytes': 1}, 'environment': {'image': {'path': '/tmp/%s'}}}";
    assertThat(differences(scratch.formatted("1"), scratch.formatted("2"))).isEmpty();
    assertThat(differences(scratch.formatted("1"), scratch.formatted("2").replace("1}", "null}")))
        .containsExactly("scratch[1\u00a0B, –]", "image path[scratch, /tmp/2]");
  }
}
