package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.sim.Mutant;
import dev.platter.aio.sim.SimFailure;
import dev.platter.aio.sim.Simulation;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loops on a simulated host, which decides by a seed what a real one decides by chance. */
class SimulatedLoopsTest {
  private static final String LOOP = "dev.platter.aio.loop.";

  /** Two threads that take two monitors in opposite orders. */
  public static final class OppositeOrders implements Runnable {
    private final Object left = new Object();
    private final Object right = new Object();
    private int both;

    @Override
    public void run() {
      Thread other = Thread.ofPlatform().name("other").start(() -> take(right, left));
      take(left, right);
      Threads.joinUninterruptibly(other);
      assertThat(both).isEqualTo(2);
    }

    private void take(Object first, Object second) {
      synchronized (first) {
        synchronized (second) {
          both++;
        }
      }
    }
  }

  @Test
  void theSimulationFindsADeadlockAndRepeatsIt() {
    assertThat(Simulation.of(OppositeOrders.class).every(0, 0, 1000).complete())
        .as("without a forced switch there is none")
        .isTrue();
    Simulation.Result every = Simulation.of(OppositeOrders.class).every(1, 0, 1000);
    assertThat(every.failure()).hasMessageContaining("wait for ever").hasMessageContaining("other");
    Simulation.Result first = Simulation.of(OppositeOrders.class).random(1000);
    Simulation.Result again = Simulation.of(OppositeOrders.class).random(1000);
    assertThat(first.failure()).hasMessageContaining("wait for ever");
    assertThat(again.seed()).isEqualTo(first.seed());
    assertThat(again.steps()).isEqualTo(first.steps());
    assertThatThrownBy(first::check).hasMessageContaining("-Dplatter.seed=" + first.seed());
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        LoopScenarios.BottomHalfWakesLoop.class,
        LoopScenarios.PingPong.class,
        LoopScenarios.PollingPingPong.class,
        LoopScenarios.VcpusQueueUnderTheLock.class,
        LoopScenarios.LongHold.class,
        LoopScenarios.SuspendInvokeWatch.class,
        LoopScenarios.WatchWhileSuspending.class,
        LoopScenarios.SignalWhileSuspending.class,
        LoopScenarios.SignalWhileClosing.class,
        LoopScenarios.TimersOfVcpus.class,
        LoopScenarios.MoreThanTheRingHolds.class,
      })
  void randomRunsEnd(Class<? extends Runnable> scenario) {
    Simulation.Result result = Simulation.of(scenario).random(300).check();
    assertThat(result.steps()).isGreaterThan(result.runs());
  }

  static Stream<Arguments> small() {
    return Stream.of(
        Arguments.of(LoopScenarios.BottomHalfWakesLoop.class, 2),
        Arguments.of(LoopScenarios.WatchWhileSuspending.class, 1),
        Arguments.of(LoopScenarios.SignalWhileSuspending.class, 1),
        Arguments.of(LoopScenarios.SignalWhileClosing.class, 1),
        Arguments.of(LoopScenarios.SuspendInvokeWatch.class, 0));
  }

  /** Threads lose the processor so often without need; where they wait, each order is tried. */
  @ParameterizedTest
  @Tag("slow")
  @MethodSource("small")
  void everyRunEnds(Class<? extends Runnable> scenario, int preemptions) {
    Simulation.Result result = Simulation.of(scenario).every(preemptions, 0, 1_000_000).check();
    assertThat(result.complete()).isTrue();
    assertThat(result.runs()).isGreaterThan(100);
  }

  static Stream<Arguments> mutants() {
    Class<?> wakes = LoopScenarios.BottomHalfWakesLoop.class;
    Class<?> vcpus = LoopScenarios.VcpusQueueUnderTheLock.class;
    Class<?> suspends = LoopScenarios.SuspendInvokeWatch.class;
    Class<?> signal = LoopScenarios.SignalWhileSuspending.class;
    return Stream.of(
        Arguments.of(Mutant.without(LOOP + "LoopWakeup", "notifyLoop", "setVolatile"), wakes),
        Arguments.of(Mutant.inverted(LOOP + "LoopWakeup", "prepareToSleep", 0), wakes),
        Arguments.of(Mutant.without(LOOP + "LoopWakeup", "signalIfFirst", "signal"), wakes),
        Arguments.of(Mutant.without(LOOP + "AioContext", "push", "notifyLoop"), wakes),
        Arguments.of(Mutant.without(LOOP + "AioContext", "addSqe", "sqeAdded"), vcpus),
        Arguments.of(
            Mutant.without(LOOP + "BigLock", "unlock", "wakeOne"), LoopScenarios.LongHold.class),
        Arguments.of(Mutant.without(LOOP + "LoopWait", "enterIfNeeded", "publish"), vcpus),
        Arguments.of(Mutant.without(LOOP + "LoopWait", "enter", "lock"), vcpus),
        Arguments.of(Mutant.without(LOOP + "LoopCalls", "invoke", "notifyLoop"), suspends),
        Arguments.of(Mutant.without(LOOP + "LoopSuspension", "wake", "arm"), suspends),
        Arguments.of(Mutant.without(LOOP + "LoopSuspension", "takeOver", "resume"), suspends),
        Arguments.of(Mutant.without(LOOP + "LoopSuspension", "suspend", "takeBack"), suspends),
        Arguments.of(Mutant.inverted(LOOP + "LoopSuspension", "leave", 0), suspends),
        Arguments.of(Mutant.without(LOOP + "EventWatch", "arm", "ready"), signal),
        Arguments.of(
            Mutant.without(LOOP + "EventWatch", "complete", "isClosed"),
            LoopScenarios.SignalWhileClosing.class),
        // An io_uring_enter that a signal has ended is no failure.
        Arguments.of(Mutant.inverted(LOOP + "LoopWait", "count", 2), wakes),
        Arguments.of(
            Mutant.without(LOOP + "AioContext", "turn", "fillWaiting"),
            LoopScenarios.MoreThanTheRingHolds.class),
        Arguments.of(
            Mutant.without(LOOP + "AioContext", "armTimer", "notifyLoop"),
            LoopScenarios.TimersOfVcpus.class));
  }

  @ParameterizedTest
  @Tag("slow")
  @MethodSource("mutants")
  void aPlantedBugIsFound(Mutant mutant, Class<? extends Runnable> scenario) {
    Simulation simulation = Simulation.of(scenario).with(mutant);
    Simulation.Result result = simulation.random(2000);
    assertThat(simulation.isPlanted()).as("the code has what the bug changes").isTrue();
    SimFailure failure = result.failure();
    assertThat(failure).as("found in %d runs", result.runs()).isNotNull();
  }
}
