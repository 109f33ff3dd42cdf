package dev.platter.it;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.emulator.cli.Platter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
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
  private static final long DATA = 0x10000;
  private static final long MEMORY_BYTES = DATA + READS * PAGE;
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
    List<String> command = new ArrayList<>();
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
    try (Guest guest = new Guest()) {
      Process first = serve(socket, readOnly, true);
      try (BufferedReader log = first.inputReader(UTF_8)) {
        await(log, "ready");
        throttle(1);
        guest.readAll(socket);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (guest.taken() < READS) { // the server has fetched them all
          assertThat(System.nanoTime()).as("%s", guest.taken()).isLessThan(deadline);
          Thread.onSpinWait();
        }
        first.destroyForcibly().waitFor();
      }
      guest.disconnect();
      long before = sectorsRead();
      Process second = serve(socket, readOnly, false);
      try (BufferedReader log = second.inputReader(UTF_8)) {
        String event = await(log, "waiting-for-lock", "ready");
        guest.fill(REUSED); // as the kernel does that has its pages back
        if (event.equals("waiting-for-lock")) {
          assertThat(Files.exists(socket) && accepts(socket)).as("a guest is served").isFalse();
          throttle(0);
          await(log, "ready");
          guest.fill(REUSED);
        } else {
          throttle(0);
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (sectorsRead() - before < READS * PAGE / 512) { // now they are over in any case
          assertThat(System.nanoTime()).isLessThan(deadline);
          Thread.onSpinWait();
        }
        assertThat(guest.pagesThatAreNot(REUSED)).as("pages that were written late").isZero();
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
    try (Guest guest = new Guest()) {
      Path socket = directory.resolve("vda.sock");
      Process first = serve(socket, true, true);
      try (BufferedReader log = first.inputReader(UTF_8)) {
        await(log, "ready");
        throttle(1);
        guest.readAll(socket);
        while (guest.taken() < READS) {
          Thread.onSpinWait();
        }
        first.destroyForcibly().waitFor();
      }
      Process other = serve(directory.resolve("vdb.sock"), true, false);
      try (BufferedReader log = other.inputReader(UTF_8)) {
        assertThat(await(log, "waiting-for-lock", "ready")).isEqualTo("ready");
      }
    }
  }

  /**
   * A guest of few words: one split virtqueue (virtio 1.3, 2.7) with a read of a page in each three
   * descriptors, over vhost-user without protocol features.
   */
  private static final class Guest implements AutoCloseable {
    private static final int QUEUE_SIZE = 128;
    private static final long AVAIL = 0x1000;
    private static final long USED = 0x2000;
    private static final long HEADERS = 0x3000;
    private static final long STATUS = 0x4000;
    private static final short NEXT = 1;
    private static final short WRITE = 2;
    // vhost-user front-end messages
    private static final int SET_FEATURES = 2;
    private static final int SET_OWNER = 3;
    private static final int SET_MEM_TABLE = 5;
    private static final int SET_VRING_NUM = 8;
    private static final int SET_VRING_ADDR = 9;
    private static final int SET_VRING_BASE = 10;
    private static final int SET_VRING_KICK = 12;
    private static final int SET_VRING_CALL = 13;
    private static final long VERSION_1 = 1L << 32;
    private static final long EVENT_IDX = 1L << 29;

    private final int memoryFd = Libc.memfdCreate("guest", LinuxAbi.MFD_CLOEXEC);
    private final int kick = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    private final int call = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    private final Mapping mapping;
    private final MemorySegment memory;
    private UnixConnection connection;

    Guest() throws Exception {
      assertThat(Libc.ftruncate(memoryFd, MEMORY_BYTES)).isZero();
      mapping = Mapping.shared(memoryFd, 0, MEMORY_BYTES, true);
      memory = mapping.segment();
    }

    void readAll(Path socket) throws IOException {
      for (int i = 0; i < READS; i++) {
        memory.set(JAVA_INT, HEADERS + i * 16L, 0); // VIRTIO_BLK_T_IN
        memory.set(JAVA_LONG, HEADERS + i * 16L + 8, i * (PAGE / 512L));
        describe(3 * i, HEADERS + i * 16L, 16, NEXT);
        describe(3 * i + 1, DATA + (long) i * PAGE, PAGE, (short) (NEXT | WRITE));
        describe(3 * i + 2, STATUS + i, 1, WRITE);
        memory.set(JAVA_SHORT, AVAIL + 4 + 2L * i, (short) (3 * i));
      }
      memory.set(JAVA_SHORT, AVAIL + 2, (short) READS);
      connection = UnixConnection.connect(socket);
      send(SET_OWNER, new long[0]);
      send(SET_FEATURES, new long[] {VERSION_1 | EVENT_IDX});
      // one region, padding; guest address, size, user address, offset
      send(SET_MEM_TABLE, new long[] {1, 0, MEMORY_BYTES, 0, 0}, memoryFd);
      send(SET_VRING_NUM, new long[] {(long) QUEUE_SIZE << 32});
      send(SET_VRING_BASE, new long[] {0});
      // index and flags; descriptors, used, avail, log
      send(SET_VRING_ADDR, new long[] {0, 0, USED, AVAIL, 0});
      send(SET_VRING_CALL, new long[] {0}, call);
      send(SET_VRING_KICK, new long[] {0}, kick);
      try (Arena arena = Arena.ofConfined()) {
        Libc.write(kick, arena.allocateFrom(JAVA_LONG, 1).address(), 8);
      }
    }

    private void describe(int index, long address, int length, short flags) {
      memory.set(JAVA_LONG, index * 16L, address);
      memory.set(JAVA_INT, index * 16L + 8, length);
      memory.set(JAVA_SHORT, index * 16L + 12, flags);
      memory.set(JAVA_SHORT, index * 16L + 14, (short) (index + 1));
    }

    private void send(int request, long[] payload, int... descriptors) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment message = arena.allocate(12 + payload.length * 8L, 8);
        message.set(JAVA_INT, 0, request);
        message.set(JAVA_INT, 4, 1); // version
        message.set(JAVA_INT, 8, payload.length * 8);
        message
            .asSlice(12)
            .copyFrom(MemorySegment.ofArray(payload).asSlice(0, payload.length * 8L));
        connection.send(message, 0, message.byteSize(), descriptors);
      }
    }

    /** How far the server has read the avail ring: avail_event, after the used ring (2.7.8). */
    int taken() {
      return Short.toUnsignedInt(memory.get(JAVA_SHORT, USED + 4 + 8L * QUEUE_SIZE));
    }

    void disconnect() {
      connection.close();
    }

    void fill(byte value) {
      memory.asSlice(DATA).fill(value);
    }

    long pagesThatAreNot(byte value) {
      long other = 0;
      for (int i = 0; i < READS; i++) {
        MemorySegment page = memory.asSlice(DATA + (long) i * PAGE, PAGE);
        boolean same = true;
        for (long at = 0; at < PAGE && same; at++) {
          same = page.get(JAVA_BYTE, at) == value;
        }
        other += same ? 0 : 1;
      }
      return other;
    }

    @Override
    public void close() {
      mapping.close();
      Libc.close(memoryFd);
      Libc.close(kick);
      Libc.close(call);
    }
  }
}
