package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnCgroupTest {
  private static final String ROOT_MOUNT =
      "31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";

  @Test
  void aUnifiedHierarchy() {
    assertThat(
            OwnCgroup.find(
                List.of("0::/user.slice/session-2.scope"),
                List.of("24 1 0:22 / /sys rw - sysfs sysfs rw", ROOT_MOUNT)))
        .isEqualTo(Path.of("/sys/fs/cgroup/user.slice/session-2.scope"));
    assertThat(OwnCgroup.find(List.of("0::/"), List.of(ROOT_MOUNT)))
        .isEqualTo(Path.of("/sys/fs/cgroup"));
  }

  @Test
  void aHybridHierarchy() {
    assertThat(
            OwnCgroup.find(
                List.of("9:name=systemd:/a", "4:memory:/b", "0::/c"),
                List.of(
                    "30 24 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
                    "31 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw")))
        .isEqualTo(Path.of("/sys/fs/cgroup/unified/c"));
  }

  @Test
  void version1HasOneHierarchyForEachController() {
    List<String> own = List.of("4:memory:/docker/1f", "2:cpu,cpuacct:/docker/1f/x", "0::/c");
    List<String> mounts =
        List.of(
            "30 24 0:25 /docker/1f /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct",
            "31 24 0:26 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory");
    assertThat(OwnCgroup.find(own, mounts, "memory")).isEqualTo(Path.of("/sys/fs/cgroup/memory"));
    assertThat(OwnCgroup.find(own, mounts, "cpu"))
        .isEqualTo(Path.of("/sys/fs/cgroup/cpu,cpuacct/x"));
    assertThat(OwnCgroup.find(own, mounts, "pids")).isNull();
    assertThat(OwnCgroup.find(own, List.of(), "cpu")).isNull();
  }

  @Test
  void aContainersPartOfIt() {
    String mount = "31 24 0:26 /docker/1f /sys/fs/cgroup ro - cgroup2 cgroup rw";
    assertThat(OwnCgroup.find(List.of("0::/docker/1f/sub"), List.of(mount)))
        .isEqualTo(Path.of("/sys/fs/cgroup/sub"));
    assertThat(OwnCgroup.find(List.of("0::/docker/1f"), List.of(mount)))
        .isEqualTo(Path.of("/sys/fs/cgroup"));
    assertThat(OwnCgroup.find(List.of("0::/docker/1fe"), List.of(mount))).isNull();
  }

  @Test
  void blanksInPaths() {
    assertThat(
            OwnCgroup.find(
                List.of("0::/a b"),
                List.of("31 24 0:26 / /mnt/my\\040groups rw - cgroup2 none rw")))
        .isEqualTo(Path.of("/mnt/my groups/a b"));
  }

  @Test
  void noneThatCanBeSeen() {
    assertThat(OwnCgroup.find(List.of("4:memory:/b"), List.of(ROOT_MOUNT))).isNull();
    assertThat(OwnCgroup.find(List.of("0::/../other"), List.of(ROOT_MOUNT))).isNull();
    assertThat(OwnCgroup.find(List.of("0::relative"), List.of(ROOT_MOUNT))).isNull();
    assertThat(OwnCgroup.find(List.of("0::/a"), List.of())).isNull();
    assertThat(OwnCgroup.find(List.of("0::/a"), List.of("", "31 24", "x - cgroup2 y"))).isNull();
    assertThat(OwnCgroup.find(List.of(), List.of(ROOT_MOUNT))).isNull();
  }
}
