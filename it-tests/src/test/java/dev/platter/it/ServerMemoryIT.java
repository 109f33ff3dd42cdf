package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.emulator.cli.Platter;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The documented number of disks and queues in the documented memory, a cgroup of 256 MiB, with
 * guests that use every slot of every queue at once, in the way that costs a server most: with
 * buffers that O_DIRECT cannot have. The guest of a SATA disk has all its buffers in use.
 */
@Timeout(300)
class ServerMemoryIT {
  private static final Path MEMORY = Path.of("/sys/fs/cgroup/memory");
  private static final long MIB = 1 << 20;
  private static final long LIMIT = 256 * MIB;
  private static final int EXPORTS = 4;
  private static final int QUEUES = 64;
  private static final int READ_BYTES = 16 << 10;

  private final Path cgroup = MEMORY.resolve("platter-memory-" + ProcessHandle.current().pid());
  private Path directory;

  @SuppressWarnings("NullAway.Init") // by each test
  private Process server;

  @BeforeEach
  void prepare() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "cgroups need root");
    assumeTrue(
        Files.exists(MEMORY.resolve("memory.limit_in_bytes")), "no memory cgroup (version 1)");
    directory = Files.createTempDirectory(Path.of("/var/tmp"), "platter-it-"); // O_DIRECT
    Files.createDirectory(cgroup);
    Files.writeString(cgroup.resolve("memory.limit_in_bytes"), "" + LIMIT);
  }

  @AfterEach
  void cleanUp() throws Exception {
    if (server != null) {
      server.destroyForcibly().waitFor();
    }
    if (directory != null) {
      try (var files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
      Files.delete(cgroup);
    }
  }

  private Path socket(int index) {
    return directory.resolve("vd" + index + ".sock");
  }

  private Process serve(int exports) throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
    command.addAll(
        List.of("sh", "-c", "echo $$ > " + cgroup.resolve("cgroup.procs") + "; exec \"$@\"", "-"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll( // as the launcher has it
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Xmx96m",
            "-XX:+UseCompactObjectHeaders",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp"));
    command.addAll(
        List.of(System.getProperty("java.class.path"), Platter.class.getName(), "serve"));
    for (int i = 0; i < exports; i++) {
      Path image = Files.write(directory.resolve(i + ".img"), new byte[(int) (8 * MIB)]);
      command.add(
          "--export=virtio-blk,image=" + image + ",queues=" + QUEUES + ",socket=" + socket(i));
    }
    Path sata = Files.write(directory.resolve("sata.img"), new byte[(int) MIB]);
    command.add("--export=ahci,image=" + sata + ",socket=" + directory.resolve("sata.sock"));
    server = new ProcessBuilder(command).redirectErrorStream(true).start();
    return server;
  }

  private long number(String file) throws IOException {
    return Long.parseLong(Files.readString(cgroup.resolve(file)).trim());
  }

  @Test
  void guestsThatUseEverySlotFitIntoTheDocumentedMemory() throws Exception {
    Process process = serve(EXPORTS);
    List<RawGuest> guests = new ArrayList<>();
    try (BufferedReader log = process.inputReader(UTF_8)) {
      String line;
      do {
        line = log.readLine();
        assertThat(line).isNotNull();
      } while (!line.contains(": ready "));
      for (int i = 0; i < EXPORTS; i++) {
        RawGuest guest =
            new RawGuest(QUEUES, RawGuest.MOST_READS, READ_BYTES, MIB, read -> read * 64L + 1);
        guests.add(guest);
        guest.start(socket(i));
      }
      try (RawSataGuest guest = new RawSataGuest(directory.resolve("sata.sock"))) {
        guest.readInEverySlot(MIB);
      }
      long all = (long) EXPORTS * QUEUES * RawGuest.MOST_READS;
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
      while (guests.stream().mapToLong(RawGuest::completed).sum() < all) {
        assertThat(process.isAlive()).as("the server lives").isTrue();
        assertThat(System.nanoTime()).as("it gets on").isLessThan(deadline);
        Thread.onSpinWait();
      }
      assertThat(guests.stream().mapToInt(RawGuest::failed).sum()).isZero();
      long own =
          Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
              .filter(each -> each.startsWith("RssAnon:"))
              .mapToLong(each -> Long.parseLong(each.replaceAll("\\D", "")) << 10)
              .sum();
      System.out.println(
          all
              + " unaligned reads in "
              + EXPORTS * QUEUES
              + " queues: "
              + own / MIB
              + " MiB of its own, peak of the cgroup "
              + number("memory.max_usage_in_bytes") / MIB
              + " MiB of "
              + LIMIT / MIB);
      assertThat(Files.readAllLines(cgroup.resolve("memory.oom_control")))
          .contains("under_oom 0")
          .noneMatch(each -> each.matches("oom_kill [1-9]\\d*"));
      assertThat(own).isLessThan(LIMIT);
      new ProcessBuilder("kill", "-TERM", "" + process.pid()).start().waitFor();
      assertThat(log.lines().toList()).last().asString().contains("stopped flushed=true");
      assertThat(process.waitFor()).isZero();
    } finally {
      guests.forEach(RawGuest::close);
    }
  }

  @Test
  void oneMoreThanFitsIsRefusedWithNumbers() throws Exception {
    Process process = serve(EXPORTS + 3);
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(3);
    assertThat(output)
        .containsPattern("this server may need \\d+ MiB of (memory besides|Java heap)")
        .contains("try: Raise it: ");
  }
}
