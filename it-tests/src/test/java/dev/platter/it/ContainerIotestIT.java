package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.platter.it.Containers.Ended;
import dev.platter.testcontainers.PlatterContainer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import tools.jackson.jr.ob.JSON;

/** The image under the shipped seccomp profile, and under profiles that deny io_uring. */
@Timeout(120)
class ContainerIotestIT {
  private static final Duration LONGEST = Duration.ofSeconds(60);

  /** errno of a denied call: most engines' profiles, and those that hide what they deny. */
  private static final int EPERM = 1;

  private static final int ENOSYS = 38;

  @BeforeAll
  static void engine() {
    Containers.require(Containers.PLATTER);
  }

  private static GenericContainer<?> platter(String profile, String... command) {
    return Containers.of(Containers.PLATTER)
        .withCommand(command)
        .withCreateContainerCmdModifier(create ->
            Objects.requireNonNull(create.getHostConfig())
                .withSecurityOpts(List.of("seccomp=" + profile)));
  }

  @Test
  void iotestRunsUnderTheShippedProfile() {
    Ended ended =
        Containers.run(
            platter(PlatterContainer.ioUringProfile(), "iotest", "--total", "8M"), LONGEST);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("device", "raw ", "ahci ", "virtio ");
  }

  /** The shipped profile without what it adds to the engine's own. */
  private static String denying(int errno) {
    Map<String, Object> profile = JSON.std.mapFrom(PlatterContainer.ioUringProfile());
    List<Object> rules = new ArrayList<>((List<?>) Objects.requireNonNull(profile.get("syscalls")));
    assertThat(rules.removeIf(rule -> rule.toString().contains("io_uring_setup"))).isTrue();
    rules.add(
        Map.of(
            "names",
            List.of("io_uring_setup", "io_uring_enter", "io_uring_register"),
            "action",
            "SCMP_ACT_ERRNO",
            "errnoRet",
            errno));
    profile.put("syscalls", rules);
    return JSON.std.asString(profile);
  }

  @ParameterizedTest
  @CsvSource({"iotest --total 8M, 1", "bench --size 16M, 38"})
  void withoutIoUringItSaysWhatTheHostLacks(String command, int errno) {
    Ended ended = Containers.run(platter(denying(errno), command.split(" ")), LONGEST);
    assertThat(ended.exitCode()).as(ended.output()).isEqualTo(3);
    assertThat(ended.output()).contains("io_uring").doesNotContain("Exception", "\tat ");
    System.out.println(command + ", errno " + errno + ": " + ended.output().strip());
  }

  @ParameterizedTest
  @CsvSource({EPERM + "", ENOSYS + ""})
  void aServerThatIsRefusedIoUringIsRefusedToItsTest(int errno) {
    try (PlatterContainer platter =
        new PlatterContainer()
            .withNetworkMode("none")
            .withScratchDisk("disk", 1 << 20)
            .withSeccompProfile(denying(errno))) {
      assertThatExceptionOfType(ContainerLaunchException.class)
          .isThrownBy(platter::start)
          .withMessageContaining("exit code 3")
          .withMessageContaining("io_uring");
    }
  }
}
