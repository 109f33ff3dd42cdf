package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sim.Mutant;
import dev.platter.aio.sim.Simulation;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest, an AHCI port, the main loop with its big lock and a raw image on a simulated host. */
class SimulatedAhciTest {
  private static final String AHCI = "dev.platter.devices.ahci.";

  @ParameterizedTest
  @ValueSource(
      classes = {
        AhciScenarios.QueuedAndFlush.class,
        AhciScenarios.StoppedInFlight.class,
        AhciScenarios.ResetInFlight.class,
      })
  void nothingIsLost(Class<? extends Runnable> scenario) {
    Simulation.Result result = Simulation.of(scenario).random(100).check();
    assertThat(result.runs()).isPositive();
  }

  static Stream<Arguments> mutants() {
    Class<?> stopped = AhciScenarios.StoppedInFlight.class;
    return Stream.of(
        Arguments.of(Mutant.without(AHCI + "Transfers", "abandon", "orphan"), stopped),
        Arguments.of(Mutant.without(AHCI + "Transfers", "takeOrphan", "free"), stopped),
        Arguments.of(Mutant.without(AHCI + "CommandList", "stop", "abandon"), stopped));
  }

  @ParameterizedTest
  @Tag("slow")
  @MethodSource("mutants")
  void aPlantedBugIsFound(Mutant mutant, Class<? extends Runnable> scenario) {
    Simulation simulation = Simulation.of(scenario).with(mutant);
    Simulation.Result result = simulation.random(1000);
    assertThat(simulation.isPlanted()).as("the code has what the bug changes").isTrue();
    assertThat(result.failure()).as("found in %d runs", result.runs()).isNotNull();
  }
}
