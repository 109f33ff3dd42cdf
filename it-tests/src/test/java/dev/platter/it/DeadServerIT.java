package dev.platter.it;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.cli.Platter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server is killed with reads in flight on a disk that does not answer: a loop device whose reads
 * a cgroup throttles to nothing. They end in guest memory, long after the process. The next server
 * must not have given that memory back to its guest before.
 */
@Timeout(300)
class DeadServerIT {
  private static final Path BLKIO = Path.of("/sys/fs/cgroup/blkio");
  private static final int READS = 32;
  private static final int PAGE = 4096;
  private static final byte OLD = 0x11;
  private static final byte REUSED = 0x5a;

  @TempDir private Path directory;
  private final List<Process> started = new ArrayList<>();
  private final Path cgroup = BLKIO.resolve("platter-dead-" + ProcessHandle.current().pid());
  private String device = "";

  @BeforeEach
  void makeDisk() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "loop devices and cgroups need root");
    assumeTrue(
        Files.exists(BLKIO.resolve("blkio.throttle.read_bps_device")),
        "no blkio cgroup (v1) to hold reads with");
    Path image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      byte[] page = new byte[READS * PAGE];
      Arrays.fill(page, OLD);
      file.write(page);
      file.setLength(1 << 20);
    }
    Process losetup = new ProcessBuilder("losetup", "-f", "--show", image.toString()).start();
    device = new String(losetup.getInputStream().readAllBytes(), UTF_8).trim();
    assumeTrue(losetup.waitFor() == 0, "no loop device to be had");
    Files.createDirectory(cgroup);
  }

  @AfterEach
  void removeDisk() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    if (!device.isEmpty()) {
      throttle(0);
      new ProcessBuilder("losetup", "-d", device).start().waitFor();
      Files.deleteIfExists(cgroup);
    }
  }

  /** How many bytes of the disk may be read in a second; 0 for as many as there are. */
  private void throttle(long bytesPerSecond) throws IOException {
    String number = Files.readString(sysfs("dev")).trim();
    Files.writeString(
        cgroup.resolve("blkio.throttle.read_bps_device"), number + " " + bytesPerSecond);
  }

  private Path sysfs(String file) {
    return Path.of("/sys/block", Path.of(device).getFileName().toString(), file);
  }

  /** Sectors that the disk has read so far (Documentation/block/stat.rst). */
  private long sectorsRead() throws IOException {
    return Long.parseLong(Files.readString(sysfs("stat")).trim().split("\\s+", -1)[2]);
  }

  private Process serve(Path socket, boolean readOnly, boolean throttled) throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
    if (throttled) {
      command.addAll(
          List.of(
              "sh", "-c", "echo $$ > " + cgroup.resolve("cgroup.procs") + "; exec \"$@\"", "-"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(Platter.class.getName(), "serve", "--export"));
    String mode = readOnly ? ",readonly" : "";
    command.add("virtio-blk,image=" + device + mode + ",socket=" + socket);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    started.add(process);
    return process;
  }

  /** Starts the guest and comes back when all its reads are with the disk, which holds them. */
  private static void haveReadsHeld(Process server, RawGuest guest, Path socket) throws Exception {
    long before = bytesAsked(server);
    guest.start(socket);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    // A request that the server has only fetched would die with it.
    while (bytesAsked(server) - before < READS * PAGE) {
      assertThat(System.nanoTime()).as("%s fetched", guest.taken(0)).isLessThan(deadline);
      Thread.sleep(1);
    }
  }

  /** Bytes that a process has asked disks for: read_bytes counts them when they are submitted. */
  private static long bytesAsked(Process process) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", "" + process.pid(), "io"))) {
      if (line.startsWith("read_bytes: ")) {
        return Long.parseLong(line.substring("read_bytes: ".length()));
      }
    }
    throw new AssertionError("no read_bytes");
  }

  /** Reads the log up to one of some events; says which it was. */
  private static String await(BufferedReader log, String... events) throws IOException {
    List<String> lines = new ArrayList<>();
    while (true) {
      String line = log.readLine();
      assertThat(line).as("%s", lines).isNotNull();
      lines.add(line);
      for (String event : events) {
        if (line.matches(".*: " + event + "( .*|$)")) {
          return event;
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void lateReadsAreOverBeforeTheNextServerServes(boolean readOnly) throws Exception {
    Path socket = directory.resolve("vda.sock");
    try (RawGuest guest = guest()) {
      Process first = serve(socket, readOnly, true);
      try (BufferedReader log = first.inputReader(UTF_8)) {
        await(log, "ready");
        throttle(1);
        haveReadsHeld(first, guest, socket);
        first.destroyForcibly().waitFor();
      }
      guest.disconnect();
      long before = sectorsRead();
      Process second = serve(socket, readOnly, false);
      try (BufferedReader log = second.inputReader(UTF_8)) {
        String event = await(log, "waiting-for-lock", "ready");
        guest.data().fill(REUSED); // as the kernel does that has its pages back
        if (event.equals("waiting-for-lock")) {
          assertThat(Files.exists(socket) && accepts(socket)).as("a guest is served").isFalse();
          throttle(0);
          await(log, "ready");
          guest.data().fill(REUSED);
        } else {
          throttle(0);
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (sectorsRead() - before < READS * PAGE / 512) { // now they are over in any case
          assertThat(System.nanoTime()).isLessThan(deadline);
          Thread.onSpinWait();
        }
        assertThat(pagesThatAreNot(guest, REUSED)).as("pages that were written late").isZero();
        assertThat(event).isEqualTo("waiting-for-lock");
      }
    }
  }

  private static boolean accepts(Path socket) {
    try (UnixConnection client = UnixConnection.connect(socket)) {
      return client != null;
    } catch (IOException e) {
      return false;
    }
  }

  /** Other sockets have other guests, whose memory no late read knows. */
  @Test
  void aReaderElsewhereStartsAtOnce() throws Exception {
    try (RawGuest guest = guest()) {
      Path socket = directory.resolve("vda.sock");
      Process first = serve(socket, true, true);
      try (BufferedReader log = first.inputReader(UTF_8)) {
        await(log, "ready");
        throttle(1);
        haveReadsHeld(first, guest, socket);
        first.destroyForcibly().waitFor();
      }
      Process other = serve(directory.resolve("vdb.sock"), true, false);
      try (BufferedReader log = other.inputReader(UTF_8)) {
        assertThat(await(log, "waiting-for-lock", "ready")).isEqualTo("ready");
      }
    }
  }

  private static RawGuest guest() throws Exception {
    return new RawGuest(1, READS, PAGE, (long) READS * PAGE, read -> (long) read * PAGE);
  }

  private static long pagesThatAreNot(RawGuest guest, byte value) {
    long other = 0;
    for (int i = 0; i < READS; i++) {
      MemorySegment page = guest.data().asSlice((long) i * PAGE, PAGE);
      boolean same = true;
      for (long at = 0; at < PAGE && same; at++) {
        same = page.get(JAVA_BYTE, at) == value;
      }
      other += same ? 0 : 1;
    }
    return other;
  }
}
