package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Set-up on older kernels, played by refusing the flags that they do not know. */
class RingSetupTest {
  private static final Set<SetupFlag> ALL = EnumSet.allOf(SetupFlag.class);

  /** A kernel that knows these flags and CLAMP; what it takes goes to the real one. */
  private static RingSetup.SetupCall kernelWith(Set<SetupFlag> known) {
    int taken = IoUringAbi.SETUP_CLAMP | SetupFlag.bits(known);
    return (entries, params) ->
        (params.get(JAVA_INT, IoUringAbi.PARAMS_FLAGS) & ~taken) != 0
            ? -Errno.EINVAL
            : RingSetup.KERNEL.setup(entries, params);
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  @Test
  void aKernelThatKnowsAllRefusesNothing() throws RingRefusedException {
    try (Ring ring = Ring.open(kernelWith(ALL), 4, ALL)) {
      assertThat(ring.granted()).isEqualTo(ALL);
      assertThat(ring.refused()).isEmpty();
    }
  }

  @Test
  void linux515TakesNoneOfThemAndTheRingWorks() throws Exception {
    long before = descriptors();
    try (Ring ring = Ring.open(kernelWith(Set.of()), 4, ALL)) {
      assertThat(ring.granted()).isEmpty();
      assertThat(ring.refused()).containsOnlyKeys(ALL);
      assertThat(ring.refused().get(SetupFlag.COOP_TASKRUN)).contains("EINVAL", "5.19");
      assertThat(ring.refused().get(SetupFlag.NO_SQARRAY)).contains("EINVAL", "6.6");
      assertThat(new RingDriver(ring).run(Sqe::prepNop)).isZero();
    }
    assertThat(descriptors()).as("probing leaks nothing").isEqualTo(before);
  }

  @Test
  void linux60DropsTheYoungerOnesOnly() throws RingRefusedException {
    Set<SetupFlag> known =
        EnumSet.of(
            SetupFlag.SUBMIT_ALL,
            SetupFlag.COOP_TASKRUN,
            SetupFlag.TASKRUN_FLAG,
            SetupFlag.SINGLE_ISSUER);
    try (Ring ring = Ring.open(kernelWith(known), 4, ALL)) {
      assertThat(ring.granted()).isEqualTo(known);
      assertThat(ring.refused()).containsOnlyKeys(SetupFlag.DEFER_TASKRUN, SetupFlag.NO_SQARRAY);
      assertThat(new RingDriver(ring).run(Sqe::prepNop)).isZero();
    }
  }

  @Test
  void whatNeedsARefusedFlagGoesWithIt() throws RingRefusedException {
    Set<SetupFlag> known = EnumSet.of(SetupFlag.TASKRUN_FLAG, SetupFlag.DEFER_TASKRUN);
    try (Ring ring = Ring.open(kernelWith(known), 4, ALL)) {
      assertThat(ring.granted()).isEmpty();
    }
  }

  @Test
  void flagsWithoutTheirPrerequisiteAreDroppedBeforeAsking() throws RingRefusedException {
    try (Ring ring = Ring.open(4, EnumSet.of(SetupFlag.TASKRUN_FLAG, SetupFlag.DEFER_TASKRUN))) {
      assertThat(ring.granted()).isEmpty();
      assertThat(ring.refused().get(SetupFlag.DEFER_TASKRUN)).isEqualTo("needs SINGLE_ISSUER");
      assertThat(ring.refused().get(SetupFlag.TASKRUN_FLAG))
          .isEqualTo("needs COOP_TASKRUN or DEFER_TASKRUN");
    }
  }

  @Test
  void whatTheKernelGrantsHereIsWhatItIsAskedFor() throws RingRefusedException {
    // The running kernel's own rules about combinations, for every set that loops ask for.
    for (Set<SetupFlag> wanted :
        Set.of(
            Set.<SetupFlag>of(),
            Set.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG),
            Set.of(SetupFlag.SINGLE_ISSUER),
            Set.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN, SetupFlag.TASKRUN_FLAG),
            ALL)) {
      try (Ring ring = Ring.open(4, wanted)) {
        Set<SetupFlag> told = EnumSet.noneOf(SetupFlag.class);
        told.addAll(ring.granted());
        told.addAll(ring.refused().keySet());
        assertThat(told).isEqualTo(wanted);
      }
    }
  }

  @Test
  void aRingWithoutTheNeededFeaturesIsRefusedAndClosed() throws Exception {
    RingSetup.SetupCall old =
        (entries, params) -> {
          int fd = RingSetup.KERNEL.setup(entries, params);
          int features = params.get(JAVA_INT, IoUringAbi.PARAMS_FEATURES);
          params.set(JAVA_INT, IoUringAbi.PARAMS_FEATURES, features & ~IoUringAbi.FEAT_EXT_ARG);
          return fd;
        };
    long before = descriptors();
    assertThatThrownBy(() -> Ring.open(old, 4, Set.of()))
        .isInstanceOfSatisfying(
            RingRefusedException.class,
            e -> {
              assertThat(e.call()).isEqualTo(RingCall.SETUP);
              assertThat(e.errno()).isZero();
            });
    assertThat(descriptors()).isEqualTo(before);
  }

  @Test
  void aSizeThatTheKernelRefusesIsEinvalAndBlamesNoFlag() {
    assertThatThrownBy(() -> Ring.open(0, ALL))
        .isInstanceOfSatisfying(
            RingRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
        .hasMessage("io_uring_setup: EINVAL");
  }
}
