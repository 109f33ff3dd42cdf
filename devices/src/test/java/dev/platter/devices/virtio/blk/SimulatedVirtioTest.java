package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sim.Mutant;
import dev.platter.aio.sim.Simulation;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest, a virtqueue, its loop and a raw image on a simulated host. */
class SimulatedVirtioTest {
  private static final String VIRTIO = "dev.platter.devices.virtio.";
  private static final String RAW = "dev.platter.devices.block.raw.RawTransfer";

  @ParameterizedTest
  @ValueSource(
      classes = {
        BlkScenarios.EventIndex.class,
        BlkScenarios.PackedEventIndex.class,
        BlkScenarios.Flags.class,
        BlkScenarios.PackedFlags.class,
        BlkScenarios.OneAtATime.class,
        BlkScenarios.PackedOneAtATime.class,
        BlkScenarios.Suspended.class,
        BlkScenarios.PackedSuspended.class,
        BlkScenarios.PollingSuspended.class,
        BlkScenarios.BuffersBeforeStart.class,
        BlkScenarios.DiscardWhileSuspending.class,
        BlkScenarios.ResetInFlight.class,
      })
  void nothingIsLost(Class<? extends Runnable> scenario) {
    Simulation.Result result = Simulation.of(scenario).random(100).check();
    assertThat(result.runs()).isPositive();
  }

  static Stream<Arguments> mutants() {
    Class<?> eventIndex = BlkScenarios.EventIndex.class;
    Class<?> polling = BlkScenarios.PollingSuspended.class;
    return Stream.of(
        Arguments.of(
            Mutant.without(VIRTIO + "SplitVirtQueue", "enableKicks", "hasAvailable"), eventIndex),
        Arguments.of(
            Mutant.without(VIRTIO + "PackedVirtQueue", "enableKicks", "hasAvailable"),
            BlkScenarios.PackedEventIndex.class),
        Arguments.of(
            Mutant.without(VIRTIO + "SplitVirtQueue", "enableKicks", "setOpaque"), eventIndex),
        Arguments.of(
            Mutant.without(VIRTIO + "PackedVirtQueue", "enableKicks", "setEvent"),
            BlkScenarios.PackedFlags.class),
        Arguments.of(
            Mutant.without(VIRTIO + "SplitVirtQueue", "notifyDriver", "interrupt"), eventIndex),
        Arguments.of(
            Mutant.without(VIRTIO + "SplitVirtQueue", "push", "setRelease"),
            BlkScenarios.OneAtATime.class),
        Arguments.of(Mutant.without(VIRTIO + "blk.BlkQueue", "completed", "schedule"), eventIndex),
        Arguments.of(
            Mutant.without(VIRTIO + "blk.BlkQueue", "stop", "waitFor"),
            BlkScenarios.ResetInFlight.class),
        Arguments.of(Mutant.without(VIRTIO + "blk.BlkQueue", "resume", "process"), polling),
        Arguments.of(Mutant.without(VIRTIO + "blk.BlkQueue", "pollEnd", "process"), polling),
        Arguments.of(
            Mutant.without(VIRTIO + "blk.BlkQueue", "start", "process"),
            BlkScenarios.BuffersBeforeStart.class),
        Arguments.of(
            Mutant.without(RAW, "nextPiece", "add"), BlkScenarios.DiscardWhileSuspending.class),
        Arguments.of(Mutant.without(RAW, "goOn", "addSqe"), eventIndex),
        Arguments.of(new Mutant(RAW, "advance", new Mutant.Lost("addSqe", 1)), eventIndex),
        Arguments.of(Mutant.without(RAW, "advance", "advance"), eventIndex),
        Arguments.of(new Mutant(RAW, "complete", new Mutant.Lost("add", 1)), eventIndex),
        Arguments.of(Mutant.inverted(RAW, "complete", 0), eventIndex),
        Arguments.of(Mutant.inverted(RAW, "complete", 1), eventIndex),
        Arguments.of(Mutant.inverted(RAW, "complete", 2), eventIndex),
        Arguments.of(Mutant.inverted(RAW, "complete", 3), eventIndex));
  }

  @ParameterizedTest
  @Tag("slow")
  @MethodSource("mutants")
  void aPlantedBugIsFound(Mutant mutant, Class<? extends Runnable> scenario) {
    Simulation simulation = Simulation.of(scenario).with(mutant);
    Simulation.Result result = simulation.random(20_000);
    assertThat(simulation.isPlanted()).as("the code has what the bug changes").isTrue();
    assertThat(result.failure()).as("found in %d runs", result.runs()).isNotNull();
  }
}
