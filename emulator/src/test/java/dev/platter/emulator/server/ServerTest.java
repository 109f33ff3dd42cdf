package dev.platter.emulator.server;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.host.RingRemains;
import dev.platter.emulator.server.config.AhciExport;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.FdBudget;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Starting, serving and stopping, with a protocol of one byte. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ServerTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final int BAD = 66;
  private static final int BUG = 99;

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();
  private final List<String> steps = new ArrayList<>();
  private Path socket;

  /** Echoes bytes, but one is forbidden and one finds a bug. */
  private class Echo implements ClientSession {
    private final String name;
    private final DeviceParts parts;
    private boolean closed;

    Echo(String name, DeviceParts parts) {
      this.name = name;
      this.parts = parts;
    }

    @Override
    public void serve(UnixConnection connection) throws IOException {
      MemorySegment message = Arena.ofAuto().allocate(1);
      try (ReceivedFds fds = new ReceivedFds()) {
        while (connection.receive(message, 0, 1, fds)) {
          int value = message.get(JAVA_BYTE, 0);
          if (value == BAD) {
            throw new ProtocolViolation("byte " + value);
          }
          if (value == BUG) {
            throw new IllegalStateException("bug " + value);
          }
          connection.send(message, 0, 1);
        }
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        // Loops and images outlive the session.
        parts.mainLoop().context().invoke(() -> steps.add(name + " closed"));
        parts.loops().forEach(loop -> loop.invoke(() -> {}));
        parts.images().forEach(image -> assertThat(image.sync()).isZero());
      }
    }
  }

  private ClientSession echo(ExportConfig export, DeviceParts parts) {
    return new Echo(export.name(), parts);
  }

  @BeforeEach
  void choosePaths() {
    socket = directory.resolve("vda.sock");
  }

  private String image(String name, long size) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    return path.toString();
  }

  private ExportConfig vda() throws IOException {
    return VirtioBlkExport.at(socket, "vda", image("a.img", 1 << 20), CACHED);
  }

  private Server start(ServeConfig config) {
    return start(config, this::echo);
  }

  private Server start(ServeConfig config, SessionFactory sessions) {
    return Server.start(
        config, log, SystemdSockets.none(), ServerOptions.DEFAULT, sessions, StartListener.NOBODY);
  }

  private static void send(UnixConnection connection, int value) throws IOException {
    MemorySegment message = Arena.ofAuto().allocate(1);
    message.set(JAVA_BYTE, 0, (byte) value);
    connection.send(message, 0, 1);
  }

  private static int receive(UnixConnection connection) throws IOException {
    MemorySegment message = Arena.ofAuto().allocate(1);
    try (ReceivedFds fds = new ReceivedFds()) {
      return connection.receive(message, 0, 1, fds) ? message.get(JAVA_BYTE, 0) : -1;
    }
  }

  private static void assertServed(Path socket) throws IOException {
    try (UnixConnection client = UnixConnection.connect(socket)) {
      send(client, 1);
      assertThat(receive(client)).isEqualTo(1);
    }
  }

  private static long openDescriptors(String part) throws IOException {
    try (var list = Files.list(Path.of("/proc/self/fd"))) {
      return list.filter(
              fd -> {
                try {
                  return Files.readSymbolicLink(fd).toString().contains(part);
                } catch (IOException e) {
                  return false;
                }
              })
          .count();
    }
  }

  private static boolean threadRuns(String name) {
    return Thread.getAllStackTraces().keySet().stream().anyMatch(t -> t.getName().equals(name));
  }

  // ---- life ----------------------------------------------------------------------------------

  @Test
  void aServerServesOneClientAfterTheOtherAndLeavesNothingBehind() throws Exception {
    Path sata = directory.resolve("sata.sock");
    ServeConfig config =
        ServeConfig.of(
            vda(), AhciExport.at(sata, "sata", image("b.img", 1 << 20), ImageOptions.READ_ONLY));
    Server server = start(config);
    assertThat(log.names()).startsWith("disk", "serving", "disk", "serving");
    assertThat(log.all().get(1).fields())
        .isEqualTo(Map.of("device", "virtio-blk", "socket", socket.toString()));
    assertServed(socket);
    assertServed(socket);
    assertServed(sata);
    assertThat(server.loops())
        .extracting(Server.LoopUse::name)
        .containsExactlyInAnyOrder("main-loop", "vda", "sata");
    assertThat(server.loops()).allSatisfy(loop -> assertThat(loop.counts().turns()).isPositive());
    assertThat(server.loops())
        .filteredOn(loop -> loop.lock() != null)
        .as("big locks")
        .extracting(Server.LoopUse::name)
        .containsExactlyInAnyOrder("main-loop", "sata");

    server.close();
    server.close();
    assertThat(server.flushed()).isTrue();
    assertThat(steps).containsExactlyInAnyOrder("vda closed", "sata closed");
    assertThat(socket).doesNotExist();
    assertThat(sata).doesNotExist();
    assertThat(openDescriptors(directory.toString())).isZero();
    assertThat(threadRuns("main-loop") || threadRuns("vda") || threadRuns("export-vda")).isFalse();
  }

  @Test
  void aClientThatIsThereAtTheEndIsDisconnected() throws Exception {
    Server server = start(ServeConfig.of(vda()));
    try (UnixConnection client = UnixConnection.connect(socket)) {
      send(client, 5);
      assertThat(receive(client)).isEqualTo(5);
      server.close();
      assertThat(receive(client)).as("an end").isEqualTo(-1);
    }
    assertThat(log.names()).doesNotContain("client-dropped");
  }

  @Test
  void allAreDisconnectedBeforeAnyIsWaitedFor() throws Exception {
    Path other = directory.resolve("vdb.sock");
    ServeConfig config =
        ServeConfig.of(vda(), VirtioBlkExport.at(other, "vdb", image("b.img", 1 << 20), CACHED));
    CountDownLatch otherHasEnded = new CountDownLatch(1);
    SessionFactory sessions =
        (export, parts) ->
            new Echo(export.name(), parts) {
              @Override
              public void serve(UnixConnection connection) throws IOException {
                super.serve(connection);
                if (export.name().equals("vdb")) {
                  otherHasEnded.countDown();
                } else {
                  awaitUninterruptibly(otherHasEnded); // as for a disk that is slow to finish
                }
              }
            };
    Server server = start(config, sessions);
    try (UnixConnection first = UnixConnection.connect(socket);
        UnixConnection second = UnixConnection.connect(other)) {
      for (UnixConnection client : List.of(first, second)) {
        send(client, 5);
        assertThat(receive(client)).isEqualTo(5);
      }
      server.close();
    }
    assertThat(steps).containsExactlyInAnyOrder("vda closed", "vdb closed");
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aClientThatMisbehavesCostsItselfAndNobodyElse() throws Exception {
    Path other = directory.resolve("vdb.sock");
    ServeConfig config =
        ServeConfig.of(vda(), VirtioBlkExport.at(other, "vdb", image("b.img", 1 << 20), CACHED));
    try (Server _ = start(config);
        UnixConnection bystander = UnixConnection.connect(other)) {
      for (int nasty : new int[] {BAD, BUG}) {
        try (UnixConnection client = UnixConnection.connect(socket)) {
          send(client, nasty);
          assertThat(receive(client)).isEqualTo(-1);
        }
      }
      assertServed(socket);
      send(bystander, 7);
      assertThat(receive(bystander)).isEqualTo(7);
    }
    RecordingLog.Event dropped = log.await("client-dropped");
    assertThat(dropped.level()).isEqualTo(Level.WARNING);
    assertThat(dropped.export()).isEqualTo("vda");
    assertThat(dropped.fields()).containsEntry("reason", "byte 66");
    RecordingLog.Event failed = log.await("client-failed");
    assertThat(failed.level()).isEqualTo(Level.ERROR);
    assertThat(String.valueOf(failed.fields().get("trace"))).contains("bug 99", "ServerTest");
  }

  @Test
  void anImageThatGrowsIsSeen() throws Exception {
    try (Server _ = start(ServeConfig.of(vda()))) {
      image("a.img", 3 << 20);
      RecordingLog.Event resized = log.await("resized");
      assertThat(resized.export()).isEqualTo("vda");
      assertThat(resized.fields()).containsEntry("bytes", 3L << 20);
    }
  }

  @Test
  void ioThreadsAreSharedAndPinned() throws Exception {
    int cpu = dev.platter.aio.sys.CpuAffinity.allowed().length() - 1;
    ServeConfig config =
        new ServeConfig(
            List.of(new IoThreadConfig("io0", cpu, AioConfig.ioThread())),
            List.of(disk("vda", "vda.sock", "a.img"), disk("vdb", "vdb.sock", "b.img")));
    List<String> allowed = new ArrayList<>();
    SessionFactory looks =
        (export, parts) -> {
          parts
              .loops()
              .forEach(loop ->
                  loop.invoke(() ->
                      allowed.add(loop.name() + " " + dev.platter.aio.sys.CpuAffinity.allowed())));
          return echo(export, parts);
        };
    try (Server server = start(config, looks)) {
      String pinned = "io0 {" + cpu + "}";
      assertThat(allowed).containsExactly(pinned, pinned);
      assertThat(server.loops()).hasSize(2);
    }
  }

  @Test
  void eachAhciExportHasALoopAndALockOfItsOwn() throws Exception {
    ServeConfig config = ServeConfig.of(ahci("sda"), ahci("sdb"), vda());
    Map<String, MainLoop> loops = new ConcurrentHashMap<>();
    SessionFactory looks =
        (export, parts) -> {
          loops.put(export.name(), parts.mainLoop());
          return echo(export, parts);
        };
    try (Server server = start(config, looks)) {
      assertThat(server.loops())
          .extracting(Server.LoopUse::name)
          .containsExactly("main-loop", "sda", "sdb", "vda");
      assertThat(server.exports())
          .extracting(ExportView::loops)
          .containsExactly(List.of("sda"), List.of("sdb"), List.of("vda"));
      BigLock held = requireNonNull(loops.get("sda")).lock();
      held.lock();
      try {
        // Another guest's vCPU, and what a virtio disk shares with housekeeping.
        Thread others =
            Thread.ofPlatform()
                .start(() -> {
                  requireNonNull(loops.get("sdb")).context().invoke(() -> {});
                  requireNonNull(loops.get("vda")).context().invoke(() -> {});
                });
        others.join();
      } finally {
        held.unlock();
      }
      assertThat(server.removeExport("sda", true)).isTrue();
      assertThat(threadRuns("sda")).isFalse();
      assertThat(threadRuns("sdb")).isTrue();
      assertThat(server.loops())
          .extracting(Server.LoopUse::name)
          .containsExactly("main-loop", "sdb", "vda");
      server.quiesce();
      assertThat(threadRuns("sdb")).isFalse();
      server.resume();
      assertThat(threadRuns("sdb")).isTrue();
    }
    assertThat(threadRuns("sdb")).isFalse();
  }

  private ExportConfig ahci(String name) throws IOException {
    String file = image(name + ".img", 1 << 20);
    return AhciExport.at(directory.resolve(name + ".sock"), name, file, ImageOptions.WRITABLE);
  }

  // ---- quiescing -----------------------------------------------------------------------------

  @Test
  void aServerIsQuiescedAndResumedWithItsClientConnected() throws Exception {
    long before = openDescriptors("[io_uring]");
    try (Server server = start(ServeConfig.of(vda()));
        UnixConnection client = UnixConnection.connect(socket)) {
      server.resume(); // nothing to do
      for (int round = 1; round <= 3; round++) {
        assertThat(openDescriptors("[io_uring]")).isEqualTo(before + 2);
        QuiesceResult quiesced = server.quiesce();
        assertThat(quiesced.drained()).isZero();
        assertThat(quiesced.flushed()).isTrue();
        assertThat(quiesced.workers()).isEmpty();
        assertThat((long) quiesced.rings()).isEqualTo(before);
        assertThat(quiesced.safe()).isEqualTo(before == 0);
        assertThat(threadRuns("main-loop") || threadRuns("vda")).isFalse();
        assertThat(server.quiesce().rings()).isEqualTo(quiesced.rings());
        send(client, round);
        assertThat(receive(client)).isEqualTo(round);
        image("a.img", (1L + round) << 20);
        server.resume();
        server.resume();
        long size = (1L + round) << 20;
        log.await(event -> event.name().equals("resized") && event.fields().containsValue(size));
      }
      assertThat(log.names())
          .containsSubsequence("quiesced", "quiesced", "resumed", "resized", "quiesced");
      assertThat(log.names().stream().filter("resumed"::equals)).hasSize(3);
    }
    assertThat(openDescriptors("[io_uring]")).isEqualTo(before);
  }

  @Test
  void aQuiescedServerCanBeClosed() throws Exception {
    Path sata = directory.resolve("sata.sock");
    ServeConfig config =
        ServeConfig.of(vda(), AhciExport.at(sata, "sata", image("b.img", 1 << 20), CACHED));
    Server server = Server.start(config, log);
    server.quiesce();
    server.close();
    assertThat(server.flushed()).isTrue();
    assertThat(socket).doesNotExist();
    assertThat(openDescriptors(directory.toString())).isZero();
    assertThatThrownBy(server::quiesce)
        .isInstanceOf(PlatterException.class)
        .hasMessage("the server is stopping");
    server.resume();
    assertThat(log.names()).doesNotContain("resumed");
  }

  @Test
  void anIoThreadIsPinnedAgain() throws Exception {
    int cpu = dev.platter.aio.sys.CpuAffinity.allowed().length() - 1;
    ServeConfig config =
        new ServeConfig(
            List.of(new IoThreadConfig("io0", cpu, AioConfig.ioThread())),
            List.of(disk("vda", "vda.sock", "a.img")));
    List<String> allowed = new ArrayList<>();
    List<Runnable> looks = new ArrayList<>();
    SessionFactory sessions =
        (export, parts) -> {
          parts
              .loops()
              .forEach(loop ->
                  looks.add(() ->
                      loop.invoke(() ->
                          allowed.add(
                              Thread.currentThread().getName()
                                  + dev.platter.aio.sys.CpuAffinity.allowed()))));
          return echo(export, parts);
        };
    try (Server server = start(config, sessions)) {
      server.quiesce();
      server.resume();
      looks.forEach(Runnable::run);
      assertThat(allowed).containsExactly("io0{" + cpu + "}");
    }
  }

  @Test
  void anEventSaysWhyACheckpointIsNotSafe() {
    assertThat(new QuiesceResult(3, true, 0, List.of(), 12).fields())
        .isEqualTo(
            Map.of(
                "safe",
                true,
                "rings",
                0,
                "workers",
                0,
                "flushed",
                true,
                "drained",
                3,
                "milliseconds",
                12L));
    assertThat(new QuiesceResult(0, true, 0, List.of("iou-wrk-7", "iou-wrk-8"), 1).fields())
        .containsEntry("safe", false)
        .containsEntry("workers", 2)
        .containsEntry("reason", "io_uring workers are left: iou-wrk-7, iou-wrk-8");
    assertThat(new QuiesceResult(0, false, 1, List.of(), 1).fields())
        .containsEntry("safe", false)
        .containsEntry("reason", "an image could not be flushed; io_uring descriptors are open");
  }

  @Test
  void whatIsLeftOfIoUringIsFoundInProc() throws Exception {
    Path process = Files.createDirectories(directory.resolve("proc"));
    assertThat(RingRemains.of(process).isNothing()).as("it cannot be told").isFalse();
    assertThat(RingRemains.of(process).rings()).isNegative();
    Path fds = Files.createDirectories(process.resolve("fd"));
    Files.createSymbolicLink(fds.resolve("3"), Path.of("anon_inode:[io_uring]"));
    Files.createSymbolicLink(fds.resolve("4"), Path.of("anon_inode:[eventfd]"));
    for (String name : List.of("java", "iou-wrk-12", "iou-sqp-13", "GC Thread#0")) {
      Path task = Files.createDirectories(process.resolve("task").resolve(name.replace('#', '_')));
      Files.writeString(task.resolve("comm"), name + "\n");
    }
    Files.createDirectories(process.resolve("task").resolve("gone"));
    RingRemains remains = RingRemains.of(process);
    assertThat(remains.rings()).isEqualTo(1);
    assertThat(remains.workers()).containsExactlyInAnyOrder("iou-wrk-12", "iou-sqp-13");
  }

  private ExportConfig disk(String name, String socket, String image) throws IOException {
    return new VirtioBlkExport(
        name,
        new Endpoint.SocketPath(directory.resolve(socket)),
        new ImageConfig(image(image, 1 << 20), CACHED),
        name,
        1,
        List.of("io0"),
        OptionalLong.empty());
  }

  // ---- what is refused -----------------------------------------------------------------------

  private void assertNothingStarts(ServeConfig config, PlatterException.Kind kind, String... parts)
      throws IOException {
    assertThatThrownBy(() -> start(config).close())
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e.getMessage()).contains(parts);
            });
    assertThat(openDescriptors(directory.toString())).isZero();
    assertThat(threadRuns("main-loop")).isFalse();
    assertThat(log.names()).doesNotContain("serving");
  }

  private void assertNothingStarts(ServeConfig config, String... parts) throws IOException {
    assertNothingStarts(config, PlatterException.Kind.BAD_INPUT, parts);
    assertThat(socket).doesNotExist();
  }

  @Test
  void anImageThatCannotServeIsToldWithItsExportBeforeAnySocketIsMade() throws Exception {
    ExportConfig missing =
        VirtioBlkExport.at(directory.resolve("vdb.sock"), "vdb", directory + "/none.img", CACHED);
    assertNothingStarts(
        ServeConfig.of(vda(), missing), "export vdb: ", "/none.img", "no such file");
    ExportConfig empty =
        AhciExport.at(
            directory.resolve("vdb.sock"), "vdb", image("empty.img", 0), ImageOptions.READ_ONLY);
    assertNothingStarts(ServeConfig.of(vda(), empty), "export vdb: ", "/empty.img", "it is empty");
  }

  @Test
  void anImageHasOneWriter() throws Exception {
    Path link = directory.resolve("same.img");
    String path = image("a.img", 1 << 20);
    Files.createSymbolicLink(link, Path.of(path));
    ExportConfig again =
        VirtioBlkExport.at(directory.resolve("vdb.sock"), "vdb", link.toString(), CACHED);
    assertNothingStarts(
        ServeConfig.of(vda(), again), "export vdb: " + link + " is already a disk of export vda");
    ExportConfig reader =
        VirtioBlkExport.at(
            directory.resolve("vdb.sock"),
            "vdb",
            path,
            ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK));
    assertNothingStarts(ServeConfig.of(vda(), reader), "is already a disk of export vda");

    try (RawImage _ = RawImage.open(path, CACHED)) {
      assertThatThrownBy(() -> start(ServeConfig.of(vda())).close())
          .hasMessage(
              "export vda: %s is in use by pid %d (java), write lock",
              path, ProcessHandle.current().pid());
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void anImageHasManyReaders() throws Exception {
    ImageOptions readOnly = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    String path = image("a.img", 1 << 20);
    ExportConfig[] readers = {
      VirtioBlkExport.at(socket, "vda", path, readOnly),
      VirtioBlkExport.at(directory.resolve("vdb.sock"), "vdb", path, readOnly),
    };
    try (Server _ = start(ServeConfig.of(readers))) {
      assertServed(socket);
    }
  }

  @Test
  void aSocketThatCannotBeMadeTakesThoseBeforeItAway() throws Exception {
    ExportConfig second =
        VirtioBlkExport.at(
            directory.resolve("none").resolve("vdb.sock"), "vdb", image("b.img", 512), CACHED);
    assertNothingStarts(ServeConfig.of(vda(), second), "socket directory", "does not exist");

    Path live = directory.resolve("vdb.sock");
    try (UnixListener _ = UnixListener.bind(live)) {
      ExportConfig taken = VirtioBlkExport.at(live, "vdb", image("b.img", 512), CACHED);
      assertThatThrownBy(() -> start(ServeConfig.of(vda(), taken)).close())
          .hasMessageContaining("somebody listens on " + live);
      assertThat(live).exists();
      assertThat(socket).doesNotExist();
    }
  }

  /** As where the host has no thread for a device: a program that embeds the server may go on. */
  @Test
  void anErrorLeavesNothingOfAStartEither() throws Exception {
    ServeConfig config = new ServeConfig(List.of(), List.of(vda()));
    SessionFactory noThread =
        (export, parts) -> {
          throw new OutOfMemoryError("unable to create native thread");
        };

    assertThatThrownBy(() -> start(config, noThread)).isInstanceOf(OutOfMemoryError.class);

    try (Server _ = start(config)) {
      assertServed(socket);
    }
  }

  @Test
  void aCpuThatIsNotThereIsRefused() throws Exception {
    ServeConfig config =
        new ServeConfig(
            List.of(new IoThreadConfig("io0", 8000, AioConfig.ioThread())),
            List.of(disk("vda", "vda.sock", "a.img")));
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    assertNothingStarts(config, "IOThread io0 cannot run on CPU 8000");
    Set<Thread> after = new HashSet<>(Thread.getAllStackTraces().keySet());
    after.removeAll(before);
    assertThat(after)
        .extracting(Thread::getName)
        .doesNotContain("image-sizes", "client-queues", "main-loop");
  }

  @Test
  void anExportWithoutASocketNeedsOneFromSystemd() throws Exception {
    ExportConfig export =
        new VirtioBlkExport(
            "vda",
            new Endpoint.Activated(""),
            new ImageConfig(image("a.img", 512), CACHED),
            "vda",
            1,
            List.of(),
            OptionalLong.empty());
    assertNothingStarts(ServeConfig.of(export), "export vda has no socket");
  }

  @Test
  void aDescriptorThatIsNoSocketIsRefused() throws Exception {
    ExportConfig export =
        new VirtioBlkExport(
            "vda",
            new Endpoint.Descriptor(1_000_000),
            new ImageConfig(image("a.img", 512), CACHED),
            "vda",
            1,
            List.of(),
            OptionalLong.empty());
    assertNothingStarts(ServeConfig.of(export), "descriptor 1000000 is not open");
  }

  /** What a start refuses for want of descriptors is what a server takes, and not much more. */
  @Test
  void descriptorsAreCountedAsTheyAreTaken() throws Exception {
    List<ExportConfig> exports = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      String name = "d" + i;
      String file = image(name + ".img", 1 << 20);
      Path path = directory.resolve(name + ".sock");
      exports.add(
          i % 2 == 0
              ? VirtioBlkExport.at(path, name, file, CACHED)
              : AhciExport.at(path, name, file, CACHED));
    }
    long before = taken();
    try (Server _ = Server.start(new ServeConfig(List.of(), exports), log)) {
      long taken = taken() - before;
      long counted = FdBudget.needed(0, exports) - FdBudget.needed(0, List.of());
      assertThat(taken).isBetween(6 * 6L, counted - 6L * (16 + 3));
    }
  }

  private long taken() throws IOException {
    return openDescriptors("anon_inode:")
        + openDescriptors("socket:")
        + openDescriptors(directory.toString());
  }

  @Test
  void theRealDevicesStartAndStop() throws Exception {
    Path sata = directory.resolve("sata.sock");
    ServeConfig config =
        ServeConfig.of(vda(), AhciExport.at(sata, "sata", image("b.img", 1 << 20), CACHED));
    try (Server _ = Server.start(config, log)) {
      for (Path path : Arrays.asList(socket, sata)) {
        try (UnixConnection client = UnixConnection.connect(path)) {
          send(client, 0); // less than a header, and gone
        }
      }
      log.await(event -> event.name().equals("client-dropped") && event.export().equals("sata"));
      log.await(event -> event.name().equals("client-dropped") && event.export().equals("vda"));
    }
    assertThat(log.names()).doesNotContain("client-failed");
  }
}
