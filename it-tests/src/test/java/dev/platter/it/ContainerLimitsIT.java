package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import dev.platter.it.Containers.Ended;
import dev.platter.testcontainers.PlatterContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.containers.GenericContainer;

/** Servers that may have little, and do little besides serving. */
@Timeout(180)
class ContainerLimitsIT {
  private static final long MIB = 1 << 20;
  private static final long MEMORY = 256 * MIB;
  private static final int PIDS = 64;
  private static final int DISKS = 4;
  private static final Duration LONGEST = Duration.ofSeconds(90);

  /** The image's own user. */
  private static final int UID = 1000;

  private Path directory;
  private Path image;
  private final List<Path> images = new ArrayList<>();

  @BeforeAll
  static void engine() {
    Containers.require(Containers.PLATTER, Containers.QEMU);
  }

  @BeforeEach
  void makeImage() throws IOException {
    // On a disk: O_DIRECT.
    directory = Files.createTempDirectory(Path.of("/var/tmp"), "platter-it-");
    image = newImage("disk");
  }

  private Path newImage(String name) throws IOException {
    Path file = directory.resolve(name + ".img");
    images.add(file);
    return Files.write(file, new byte[(int) (32 * MIB)]);
  }

  @AfterEach
  void removeImage() throws IOException {
    for (Path file : images) {
      Files.deleteIfExists(file);
    }
    Files.delete(directory);
  }

  @Test
  void fourBusyDisksWithManyQueuesFitInto256MiBAnd64Threads() throws Exception {
    try (PlatterContainer platter =
        new PlatterContainer()
            .withNetworkMode("none")
            .withMemoryLimit(MEMORY)
            .withPidsLimit(PIDS)
            .withSataDisks("sata", image)) {
      for (int i = 0; i < DISKS; i++) {
        platter.withVirtioDisk("disk" + i, newImage("disk" + i), "queues=64");
      }
      platter.start();
      String all =
          IntStream.range(0, DISKS)
              .mapToObj(i ->
                  Containers.bench("disk" + i, "-c 20000 -d 64 -s 4096")
                      + " && "
                      + Containers.bench("disk" + i, "-c 300 -d 32 -s 1048576 -w"))
              .collect(Collectors.joining(") || exit 1 & (", "(", ") || exit 1 & "));
      String script = all + "for job in $(jobs -p); do wait $job || exit 1; done";
      Ended load = Containers.run(Containers.client(platter, "bash", "-c", script), LONGEST);
      assertThat(load.exitCode()).as(load.output()).isZero();
      assertThat(load.output().lines().filter(line -> line.startsWith("Run completed")))
          .hasSize(2 * DISKS);
      long memory = peak(platter, "memory.peak", "memory/memory.max_usage_in_bytes");
      long threads = peak(platter, "pids.peak", "pids/pids.peak");
      System.out.println(
          "peak of a server with "
              + DISKS
              + " busy disks: "
              + memory / MIB
              + " MiB, "
              + threads
              + " threads");
      assertThat(platter.getCurrentContainerInfo().getState().getOOMKilled()).isFalse();
      assertThat(platter.isRunning()).isTrue();
      assertThat(memory).isPositive().isLessThan(MEMORY);
      assertThat(threads).isPositive().isLessThan(PIDS);
      assertThat(platter.events()).noneMatch(event -> event.contains("\"level\":\"error\""));
    }
  }

  /** A high-water mark of the container's cgroup, as version 2 calls it or version 1. */
  private static long peak(PlatterContainer platter, String unified, String legacy)
      throws IOException, InterruptedException {
    String root = "/sys/fs/cgroup/";
    String text =
        platter
            .execInContainer(
                "sh", "-c", "cat " + root + unified + " 2>/dev/null || cat " + root + legacy)
            .getStdout()
            .strip();
    return Long.parseLong(text);
  }

  @Test
  void iotestNeedsNoRightsAndNoWritableRoot() {
    GenericContainer<?> iotest =
        Containers.of(Containers.PLATTER).withCommand("iotest", "--total", "8M");
    iotest.withCreateContainerCmdModifier(create ->
        Objects.requireNonNull(create.getHostConfig())
            .withSecurityOpts(List.of("seccomp=" + PlatterContainer.ioUringProfile()))
            .withMounts(List.of(new Mount().withType(MountType.VOLUME).withTarget("/var/tmp"))));
    Containers.harden(iotest);
    Ended ended = Containers.run(iotest, LONGEST);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("raw ", "ahci ", "virtio ");
  }

  @Test
  void serveNeedsNoRightsAndNoWritableRoot() throws Exception {
    try (PlatterContainer platter =
        new PlatterContainer().withNetworkMode("none").withVirtioDisk("disk", image)) {
      GenericContainer<?> client =
          Containers.client(
              platter, "sh", "-c", Containers.bench("disk", "-c 20000 -d 16 -s 4096 -w"));
      for (GenericContainer<?> container : List.of(platter, client)) {
        Containers.harden(container);
        withoutRoot(container);
      }
      List<Path> owned = isRoot() ? List.of(platter.socketDirectory(), image) : List.of();
      chown(owned, UID);
      try {
        serveWithNothing(platter, client);
      } finally {
        chown(owned, 0);
      }
    }
  }

  private static void serveWithNothing(PlatterContainer platter, GenericContainer<?> client)
      throws Exception {
    platter.start();
    assertThat(platter.execInContainer("id", "-u").getStdout().strip()).isNotEqualTo("0");
    assertThat(platter.execInContainer("touch", "/opt/x").getExitCode()).isNotZero();
    assertThat(platter.execInContainer("cat", "/proc/1/status").getStdout())
        .contains("CapBnd:\t0000000000000000", "NoNewPrivs:\t1");
    Ended load = Containers.run(client, LONGEST);
    assertThat(load.exitCode()).as(load.output()).isZero();
    assertThat(load.output()).contains("20000 write requests", "Run completed");
    assertThat(platter.events()).allMatch(event -> event.contains("\"level\":\"info\""));
  }

  /** Root without CAP_DAC_OVERRIDE cannot remove what it has given away. */
  private static void chown(List<Path> paths, int uid) throws IOException {
    for (Path path : paths) {
      Files.setAttribute(path, "unix:uid", uid);
    }
  }

  private boolean isRoot() throws IOException {
    return Files.getAttribute(image, "unix:uid").equals(0);
  }

  private void withoutRoot(GenericContainer<?> container) throws IOException {
    if (isRoot()) {
      container.withCreateContainerCmdModifier(create -> create.withUser(UID + ":" + UID));
    }
  }
}
