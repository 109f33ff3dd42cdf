package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChargedMemoryTest {
  private static final String V2_MOUNT =
      "31 24 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n";
  private static final String V1_MOUNT =
      "35 31 0:32 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";

  @TempDir Path root;

  private FakeHost host() throws IOException {
    return new FakeHost(root)
        .with("/proc/meminfo", "MemTotal:  4000 kB\nMemFree: 10 kB\nMemAvailable:  1000 kB\n");
  }

  private FakeHost version2(String limit) throws IOException {
    return host()
        .with("/proc/self/cgroup", "0::/a.slice\n")
        .with("/proc/self/mountinfo", V2_MOUNT)
        .with("/sys/fs/cgroup/a.slice/memory.max", limit + "\n")
        .with("/sys/fs/cgroup/a.slice/memory.current", "900000\n")
        .with(
            "/sys/fs/cgroup/a.slice/memory.stat",
            "anon 1\nshmem 700000\nactive_file 50000\ninactive_file 150000\n");
  }

  @Test
  void ofVersion2WithoutInactivePageCache() throws IOException {
    assertThat(ChargedMemory.bytes(version2("1000000").files())).isEqualTo(750_000);
  }

  @Test
  void ofVersion1WithThatOfCgroupsBelow() throws IOException {
    FakeHost host =
        host()
            .with("/proc/self/cgroup", "4:memory:/docker/1f\n0::/\n")
            .with("/proc/self/mountinfo", V1_MOUNT)
            .with("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n")
            .with("/sys/fs/cgroup/memory/memory.usage_in_bytes", "900000\n")
            .with(
                "/sys/fs/cgroup/memory/memory.stat",
                "inactive_file 7\ntotal_inactive_file 100000\n");
    assertThat(ChargedMemory.bytes(host.files())).isEqualTo(800_000);
  }

  @Test
  void ofTheHostIfTheCgroupHasNoLimitOrOneBeyondTheHost() throws IOException {
    double notAvailable = 3000 * 1024;
    assertThat(ChargedMemory.bytes(host().files())).isEqualTo(notAvailable);
    assertThat(ChargedMemory.bytes(version2("max").files())).isEqualTo(notAvailable);
    assertThat(ChargedMemory.bytes(version2("4096001").files())).isEqualTo(notAvailable);
    assertThat(ChargedMemory.bytes(version2("4095999").files())).isEqualTo(750_000);
  }

  @Test
  void statisticsThatAreMissingOrLateDoNotMakeItNegative() throws IOException {
    FakeHost host = version2("1000000").with("/sys/fs/cgroup/a.slice/memory.stat", "");
    assertThat(ChargedMemory.bytes(host.files())).isEqualTo(900_000);
    host.with("/sys/fs/cgroup/a.slice/memory.stat", "inactive_file 900001\n");
    assertThat(ChargedMemory.bytes(host.files())).isZero();
  }

  @Test
  void notANumberIfNothingIsToBeSeen() {
    assertThat(ChargedMemory.bytes(new HostFiles(root))).isNaN();
  }

  @Test
  void whatIsLeftIsTheLessOfHostAndCgroup() throws IOException {
    assertThat(ChargedMemory.availableBytes(host().files())).isEqualTo(1000 * 1024);
    assertThat(ChargedMemory.availableBytes(version2("max").files())).isEqualTo(1000 * 1024);
    assertThat(ChargedMemory.availableBytes(version2("1000000").files())).isEqualTo(250_000);
    assertThat(ChargedMemory.availableBytes(version2("700000").files())).isZero();
    assertThat(ChargedMemory.availableBytes(version2("4000000").files())).isEqualTo(1000 * 1024);
  }
}
