package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerCheckTest {
  private static final String V2_MOUNT =
      "31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  private static final String V1_MOUNTS =
      """
      35 31 0:32 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
      33 31 0:30 /docker/1f /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
      40 31 0:37 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids
      """;

  @TempDir Path root;

  private String text(FakeHost host, String name) {
    return FoundLine.of(host, new ContainerCheck(), name).text();
  }

  @Test
  void whatTellsOfAContainer() throws IOException {
    FakeHost host = new FakeHost(root).with("/proc/1/cgroup", "0::/init.scope\n");
    assertThat(text(host, "container")).isEqualTo("nothing tells of one");
    host.with("/.dockerenv", "");
    assertThat(text(host, "container")).isEqualTo("Docker (/.dockerenv)");
    host.with("/proc/1/cgroup", "0::/kubepods.slice/cri-containerd-1f.scope\n");
    assertThat(text(host, "container"))
        .isEqualTo(
            "Docker (/.dockerenv), Kubernetes (/proc/1/cgroup), containerd (/proc/1/cgroup)");
  }

  @Test
  void version2WithTheLeastOfAllAncestors() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with("/proc/self/cgroup", "0::/a.slice/b.service\n")
            .with("/proc/self/mountinfo", V2_MOUNT)
            .with("/sys/fs/cgroup/a.slice/memory.max", "1073741824\n")
            .with("/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n")
            .with("/sys/fs/cgroup/a.slice/b.service/memory.current", "1048576\n")
            .with("/sys/fs/cgroup/a.slice/pids.max", "500\n")
            .with("/sys/fs/cgroup/a.slice/b.service/pids.max", "400\n")
            .with("/sys/fs/cgroup/a.slice/cpu.max", "max 100000\n")
            .with("/sys/fs/cgroup/a.slice/b.service/cpu.max", "150000 100000\n");
    assertThat(text(host, "cgroup")).isEqualTo("version 2");
    assertThat(text(host, "memory_limit")).isEqualTo("1 GiB, of which 1 MiB are used");
    assertThat(text(host, "pids_limit")).isEqualTo("400 threads and processes");
    assertThat(text(host, "cpu_limit")).isEqualTo("1.50 CPUs");
    assertThat(new ContainerCheck().run(host.files()))
        .noneMatch(line -> line.status() == Status.WARNING);
  }

  @Test
  void asManyTasksAsTheDocumentedContainerHasAreEnough() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with("/proc/self/cgroup", "0::/\n")
            .with("/proc/self/mountinfo", V2_MOUNT)
            .with("/sys/fs/cgroup/pids.max", "64\n");
    assertThat(FoundLine.of(host, new ContainerCheck(), "pids_limit").status())
        .isEqualTo(Status.OK);
    host.with("/sys/fs/cgroup/pids.max", "63\n");
    assertThat(FoundLine.of(host, new ContainerCheck(), "pids_limit").status())
        .isEqualTo(Status.WARNING);
  }

  @Test
  void version1AsAContainerSeesIt() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with(
                "/proc/self/cgroup",
                "8:pids:/docker/1f\n4:memory:/docker/1f\n2:cpu,cpuacct:/docker/1f\n")
            .with("/proc/self/mountinfo", V1_MOUNTS)
            .with("/sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n")
            .with("/sys/fs/cgroup/memory/memory.usage_in_bytes", "67108864\n")
            .with("/sys/fs/cgroup/pids/pids.max", "50\n")
            .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n")
            .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assertThat(text(host, "cgroup")).isEqualTo("version 1");
    for (String name : new String[] {"memory_limit", "pids_limit", "cpu_limit"}) {
      DoctorLine line = FoundLine.of(host, new ContainerCheck(), name);
      assertThat(line.status()).as(name).isEqualTo(Status.WARNING);
      assertThat(line.remedy()).isNotBlank();
    }
    assertThat(text(host, "memory_limit"))
        .startsWith("128 MiB, of which 64 MiB are used, little: ");
    assertThat(text(host, "pids_limit")).startsWith("50 threads");
    assertThat(text(host, "cpu_limit")).startsWith("0.50 CPUs: ");
  }

  @Test
  void version1WithoutLimits() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with("/proc/self/cgroup", "4:memory:/docker/1f\n2:cpu,cpuacct:/docker/1f\n0::/\n")
            .with("/proc/self/mountinfo", V1_MOUNTS + V2_MOUNT)
            .with("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
            .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
            .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assertThat(text(host, "cgroup")).isEqualTo("version 1, with version 2 beside it");
    for (String name : new String[] {"memory_limit", "pids_limit", "cpu_limit"}) {
      assertThat(FoundLine.of(host, new ContainerCheck(), name))
          .isEqualTo(DoctorLine.ok(name, "none"));
    }
  }
}
