package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoLimitsTest {
  private static final String OWN = "/sys/fs/cgroup/system.slice/platter.service/";
  private static final IoLimits NONE = new IoLimits(null, null, null, null);

  @TempDir private Path root;
  private FakeHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host =
        new FakeHost(root)
            .with("/proc/self/cgroup", "0::/system.slice/platter.service\n")
            .with(
                "/proc/self/mountinfo",
                "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }

  private IoLimits of(String device) {
    return CgroupLimits.io(host.files(), device);
  }

  @Test
  void theLeastOfEachIsOfTheDiskAlone() throws IOException {
    host.with(
            OWN + "io.max",
            "8:0 rbps=10485760 wbps=max riops=max wiops=120\n8:16 rbps=1 wbps=2 riops=3 wiops=4\n")
        .with("/sys/fs/cgroup/system.slice/io.max", "8:0 rbps=max wbps=max riops=50 wiops=100\n");
    assertThat(of("8:0")).isEqualTo(new IoLimits(10_485_760L, null, 50L, 100L));
    assertThat(of("8:16")).isEqualTo(new IoLimits(1L, 2L, 3L, 4L));
    assertThat(of("8:1")).isEqualTo(NONE);
    assertThat(of("8:0").any()).isTrue();
    assertThat(NONE.any()).isFalse();
  }

  /** As where systemd has set a limit of a slice: it holds for all within. */
  @Test
  void aCgroupWithoutTheControllerHasItsAncestorsLimits() throws IOException {
    host.with("/sys/fs/cgroup/system.slice/io.max", "259:0 rbps=1048576 wbps=max\n");
    assertThat(of("259:0")).isEqualTo(new IoLimits(1_048_576L, null, null, null));
  }

  @Test
  void version1HasAFileForEach() throws IOException {
    host.with("/proc/self/cgroup", "5:blkio:/docker/1f\n")
        .with(
            "/proc/self/mountinfo",
            "31 24 0:27 /docker/1f /sys/fs/cgroup/blkio rw shared:5 - cgroup cgroup rw,blkio\n")
        .with("/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", "8:0 1048576\n")
        .with("/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device", "8:16 7\n8:0 120\n");
    assertThat(of("8:0")).isEqualTo(new IoLimits(1_048_576L, null, null, 120L));
  }

  @Test
  void withoutAHierarchyNoneIsSeen() throws IOException {
    host.with("/proc/self/mountinfo", "nonsense\n");
    assertThat(of("8:0")).isEqualTo(NONE);
  }
}
