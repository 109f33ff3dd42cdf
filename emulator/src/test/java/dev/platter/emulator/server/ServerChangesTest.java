package dev.platter.emulator.server;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.LoopClient;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.devices.block.store.AsyncStore;
import dev.platter.devices.block.store.Completion;
import dev.platter.devices.block.store.StoreDisk;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Exports that come and go, images that grow and barriers, with a protocol that echoes bytes. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ServerChangesTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final long LONG = TimeUnit.SECONDS.toNanos(50);

  /** Echoes; on its queue loop, says what the test wants to be in flight. */
  private static final class Echo implements ClientSession, LoopClient {
    private final List<AioContext> loops;
    private boolean closed;
    volatile int inFlight;
    volatile boolean paused;
    // Asked, after it was paused, what is in flight.
    final CountDownLatch pausedOnce = new CountDownLatch(1);

    Echo(DeviceParts parts) {
      loops = parts.loops();
      loops.forEach(loop -> loop.invoke(() -> loop.addClient(this)));
    }

    @Override
    public void serve(UnixConnection connection) throws IOException {
      MemorySegment message = Arena.ofAuto().allocate(1);
      try (ReceivedFds fds = new ReceivedFds()) {
        while (connection.receive(message, 0, 1, fds)) {
          connection.send(message, 0, 1);
        }
      }
    }

    @Override
    public void hold() {
      paused = true;
    }

    @Override
    public int inFlight() {
      int count = inFlight;
      if (paused) {
        pausedOnce.countDown();
      }
      return count;
    }

    @Override
    public void resume() {
      paused = false;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        loops.forEach(loop -> loop.invoke(() -> loop.removeClient(this)));
      }
    }
  }

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();

  @SuppressWarnings("NullAway.Init") // by remembered(), when the server starts
  private Echo latest;

  private Server server;

  @BeforeEach
  void start() throws IOException {
    server =
        Server.start(
            ServeConfig.of(disk("vda")),
            log,
            SystemdSockets.none(),
            ServerOptions.DEFAULT,
            this::remembered,
            StartListener.NOBODY);
  }

  private ClientSession remembered(ExportConfig export, DeviceParts parts) {
    latest = new Echo(parts);
    return latest;
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path socket(String name) {
    return directory.resolve(name + ".sock");
  }

  private Path image(String name) {
    return directory.resolve(name + ".img");
  }

  private ExportConfig disk(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image(name).toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return VirtioBlkExport.at(socket(name), name, image(name).toString(), CACHED);
  }

  private static int echo(UnixConnection client, int value) throws IOException {
    MemorySegment message = Arena.ofAuto().allocate(1);
    message.set(JAVA_BYTE, 0, (byte) value);
    client.send(message, 0, 1);
    return receive(client);
  }

  private static int receive(UnixConnection client) throws IOException {
    MemorySegment message = Arena.ofAuto().allocate(1);
    try (ReceivedFds fds = new ReceivedFds()) {
      return client.receive(message, 0, 1, fds) ? message.get(JAVA_BYTE, 0) : -1;
    }
  }

  private void assertServed(String name) throws IOException {
    try (UnixConnection client = UnixConnection.connect(socket(name))) {
      assertThat(echo(client, 7)).isEqualTo(7);
    }
  }

  private static void assertRefused(ThrowingCallable change, Kind kind, String... parts) {
    assertThatThrownBy(change)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e).hasMessageContainingAll(parts);
            });
  }

  private List<String> names() {
    return server.exports().stream().map(ExportView::name).toList();
  }

  /** What a server has of this process: files of the test, rings, sockets, eventfds. */
  private static Set<String> descriptors() throws IOException {
    Set<String> all = new TreeSet<>();
    try (var list = Files.list(Path.of("/proc/self/fd"))) {
      for (Path fd : list.toList()) {
        try {
          all.add(fd.getFileName() + " " + Files.readSymbolicLink(fd));
        } catch (IOException e) {
          assertThat(fd).doesNotExist(); // the one of the listing itself
        }
      }
    }
    return all;
  }

  private static Set<String> threads() {
    Set<String> all = new TreeSet<>();
    Thread.getAllStackTraces().keySet().forEach(thread -> all.add(thread.getName()));
    return all;
  }

  // ---- adding and removing -------------------------------------------------------------------

  @Test
  void anExportIsAddedAndRemovedAndLeavesNothingBehind() throws Exception {
    ExportConfig added = disk("vdb"); // before the count: loads classes, too
    server.addExport(added);
    server.removeExport("vdb", false);
    Set<String> before = descriptors();
    Set<String> threads = threads();
    for (int i = 0; i < 5; i++) {
      ExportView view = server.addExport(added);
      assertThat(view.name()).isEqualTo("vdb");
      assertThat(view.kind()).isEqualTo(VirtioBlkExport.KIND);
      assertThat(view.loops()).containsExactly("vdb");
      assertThat(names()).containsExactly("vda", "vdb");
      assertThat(server.loops()).extracting(Server.LoopUse::name).contains("vdb");
      assertServed("vdb");
      awaitLeft(i + 1);
      assertThat(server.removeExport("vdb", false)).isTrue();
      assertThat(names()).containsExactly("vda");
      assertThat(socket("vdb")).doesNotExist();
      assertThat(descriptors()).isSubsetOf(before);
      assertThat(threads()).isSubsetOf(threads);
    }
    assertServed("vda");
    assertThat(log.names()).containsSubsequence("disk", "serving", "client-connected", "removed");
  }

  private void awaitLeft(int count) throws InterruptedException {
    while (log.names().stream().filter("client-left"::equals).count() < count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theLastOneMayGoAndAnotherCome() throws Exception {
    server.removeExport("vda", false);
    assertThat(server.exports()).isEmpty();
    assertThat(server.drain(null, LONG, true).requests()).isZero();
    server.quiesce();
    server.resume();
    server.addExport(disk("vda"));
    assertServed("vda");
  }

  @Test
  void whoIsConnectedIsNotDisconnectedWithoutForce() throws Exception {
    try (UnixConnection client = UnixConnection.connect(socket("vda"))) {
      assertThat(echo(client, 3)).isEqualTo(3);
      ExportView view = server.exports().getFirst();
      assertThat(view.connected()).isTrue();
      assertThat(view.clientPid()).isEqualTo((int) ProcessHandle.current().pid());
      assertThat(view.connections()).isEqualTo(1);
      assertRefused(
          () -> server.removeExport("vda", false),
          Kind.FAILED,
          "export vda has a client: pid " + ProcessHandle.current().pid());
      assertThat(echo(client, 4)).as("nothing has happened to it").isEqualTo(4);
      assertThat(server.removeExport("vda", true)).isTrue();
      assertThat(receive(client)).isEqualTo(-1);
    }
    assertThat(log.names()).contains("client-disconnected").doesNotContain("client-dropped");
    assertRefused(
        () -> server.removeExport("vda", false), Kind.BAD_INPUT, "there is no export vda");
  }

  @Test
  void whatCannotBeAddedLeavesNothingBehind() throws Exception {
    ExportConfig good = disk("vdb");
    server.addExport(good);
    server.removeExport("vdb", true);
    Set<String> before = descriptors();
    Set<String> threads = threads();
    assertRefused(() -> server.addExport(disk("vda")), Kind.BAD_INPUT, "two exports", "vda");
    assertRefused(
        () ->
            server.addExport(
                VirtioBlkExport.at(socket("vda"), "b", image("vdb").toString(), CACHED)),
        Kind.BAD_INPUT,
        "another export listens on");
    assertRefused(
        () ->
            server.addExport(VirtioBlkExport.at(socket("b"), "b", image("vda").toString(), CACHED)),
        Kind.BAD_INPUT,
        "export b: ",
        "is already a disk of export vda");
    assertRefused(
        () ->
            server.addExport(
                VirtioBlkExport.at(socket("b"), "b", image("none").toString(), CACHED)),
        Kind.BAD_INPUT,
        "export b: ",
        "no such file");
    try (UnixListener _ = UnixListener.bind(socket("live"))) {
      assertRefused(
          () ->
              server.addExport(
                  VirtioBlkExport.at(socket("live"), "b", image("vdb").toString(), CACHED)),
          Kind.BAD_INPUT,
          "somebody listens on");
    }
    assertRefused(
        () -> server.addExport(at(new Endpoint.Descriptor(5), List.of())),
        Kind.BAD_INPUT,
        "no socket=");
    assertRefused(
        () -> server.addExport(at(new Endpoint.SocketPath(socket("b")), List.of("io9"))),
        Kind.BAD_INPUT,
        "there is no IOThread io9");
    assertThat(names()).containsExactly("vda");
    assertThat(descriptors()).isSubsetOf(before);
    assertThat(threads()).isSubsetOf(threads);
    server.addExport(good); // its image is free, and so is its name
    assertServed("vdb");
  }

  private ExportConfig at(Endpoint endpoint, List<String> ioThreads) {
    return new VirtioBlkExport(
        "b",
        endpoint,
        new ImageConfig(image("vdb").toString(), CACHED),
        "b",
        1,
        ioThreads,
        OptionalLong.empty());
  }

  @Test
  void readersThatShareAnImageComeAndGoInAnyOrder() throws Exception {
    ImageOptions readOnly = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    disk("vdb");
    String shared = image("vdb").toString();
    server.addExport(VirtioBlkExport.at(socket("r1"), "r1", shared, readOnly));
    server.addExport(VirtioBlkExport.at(socket("r2"), "r2", shared, readOnly));
    server.removeExport("r1", false);
    ExportConfig writer = VirtioBlkExport.at(socket("w"), "w", shared, CACHED);
    assertRefused(() -> server.addExport(writer), Kind.BAD_INPUT, "already a disk of export r2");
    server.addExport(VirtioBlkExport.at(socket("r1"), "r1", shared, readOnly));
    server.removeExport("r2", false);
    server.removeExport("r1", false);
    server.addExport(writer);
  }

  @Test
  void ofADiskThatIsLentToTwoTheOneThatStaysIsStillTold() {
    StoreDisk disk = new StoreDisk("lent", new ReadOnlyStore());
    server.addExport(lent("r1", disk));
    server.addExport(lent("r2", disk));
    server.removeExport("r1", false);
    assertThat(disk.sync()).isEqualTo(-Errno.EIO);
    assertThat(log.all())
        .filteredOn(event -> event.name().equals("flush-failed"))
        .extracting(RecordingLog.Event::export)
        .containsExactly("r2");
  }

  private ExportConfig lent(String name, BlockBackend disk) {
    return new VirtioBlkExport(
        name,
        new Endpoint.SocketPath(socket(name)),
        ImageConfig.of(disk),
        name,
        1,
        List.of(),
        OptionalLong.empty());
  }

  /** Nothing to read, and no flush that succeeds. */
  private static final class ReadOnlyStore implements AsyncStore {
    @Override
    public long sizeBytes() {
      return 1 << 20;
    }

    @Override
    public boolean readOnly() {
      return true;
    }

    @Override
    public void read(long offsetBytes, List<MemorySegment> buffers, Completion done) {
      done.complete(-Errno.EIO);
    }

    @Override
    public void write(
        long offsetBytes, List<MemorySegment> buffers, boolean stable, Completion done) {
      done.complete(-Errno.EIO);
    }

    @Override
    public void flush(Completion done) {
      done.complete(-Errno.EIO);
    }
  }

  @Test
  void whileQuiescedNothingIsAddedButAnExportMayGo() throws Exception {
    ExportConfig other = disk("vdb");
    server.addExport(other);
    server.quiesce();
    assertThat(server.isQuiesced()).isTrue();
    assertRefused(() -> server.addExport(disk("vdc")), Kind.FAILED, "while the server is quiesced");
    assertRefused(() -> server.resize("vda", 0, 2 << 20, null), Kind.FAILED, "quiesced");
    assertThat(server.drain(null, LONG, true).requests()).isZero();
    assertThat(server.removeExport("vdb", false)).isTrue();
    server.resume();
    assertThat(server.isQuiesced()).isFalse();
    server.addExport(other);
    assertServed("vda");
    assertServed("vdb");
  }

  @Test
  void aServerThatStopsRefusesChanges() throws Exception {
    ExportConfig other = disk("vdb");
    server.stopServing();
    assertRefused(() -> server.addExport(other), Kind.FAILED, "the server is stopping");
    assertRefused(() -> server.removeExport("vda", true), Kind.FAILED, "stopping");
    assertRefused(() -> server.resize("vda", 0, 2 << 20, null), Kind.FAILED, "stopping");
    assertRefused(() -> server.drain(null, LONG, false), Kind.FAILED, "stopping");
    assertRefused(server::quiesce, Kind.FAILED, "stopping");
    assertThat(socket("vdb")).doesNotExist();
  }

  /** Every change, in any order, from several threads; all of it ends, and nothing is left. */
  @Test
  void changesFromSeveralThreadsAreDoneOneAfterTheOther() throws Exception {
    Set<String> before = descriptors();
    List<FutureTask<Void>> tasks =
        List.of(
            repeated("vdb"),
            repeated("vdc"),
            new FutureTask<>(() -> {
              for (int i = 0; i < 20; i++) {
                server.quiesce();
                server.exports().forEach(view -> assertThat(view.loops()).isNotEmpty());
                server.resume();
                server.drain(null, LONG, false);
              }
              return null;
            }));
    tasks.forEach(task -> Thread.ofPlatform().start(task));
    for (FutureTask<Void> task : tasks) {
      task.get();
    }
    assertThat(names()).containsExactly("vda");
    assertThat(descriptors()).isSubsetOf(before);
  }

  private FutureTask<Void> repeated(String name) throws IOException {
    ExportConfig config = disk(name);
    return new FutureTask<>(() -> {
      for (int i = 0; i < 40; i++) {
        try {
          server.addExport(config);
          assertServed(name);
          server.removeExport(name, true);
        } catch (PlatterException e) {
          assertThat(e).hasMessageContaining("quiesced");
        }
      }
      return null;
    });
  }

  // ---- resizing ------------------------------------------------------------------------------

  @Test
  void anImageGrowsAndIsAnnounced() throws Exception {
    ResizeResult resized = server.resize("vda", 0, 5 << 20, null);
    assertThat(resized)
        .isEqualTo(
            new ResizeResult(image("vda").toString(), 1 << 20, 5 << 20, Preallocation.OFF, false));
    RecordingLog.Event event = log.await("resized");
    assertThat(event.fields()).containsEntry("bytes", 5L << 20);
    assertThat(server.exports().getFirst().images().getFirst().sizeBytes()).isEqualTo(5 << 20);
    assertThat(Files.size(image("vda"))).isEqualTo(5 << 20);
  }

  /** A second kind of disk, behind the same server. */
  @Test
  void aDiskInMemoryIsServedAndHasAFixedSize() throws Exception {
    ExportConfig ram =
        VirtioBlkExport.at(directory.resolve("ram.sock"), "ram", "ram:1M", ImageOptions.WRITABLE);
    ExportView view = server.addExport(ram);
    assertThat(view.images().getFirst().sizeBytes()).isEqualTo(1 << 20);
    assertThat(view.images().getFirst().description().name()).isEqualTo("ram:1M");
    assertRefused(
        () -> server.resize("ram", 0, 2 << 20, null), Kind.BAD_INPUT, "ram:1M has a fixed size");
    assertThat(server.removeExport("ram", false)).isTrue();
    ExportConfig huge =
        VirtioBlkExport.at(
            directory.resolve("huge.sock"), "huge", "ram:100T", ImageOptions.WRITABLE);
    assertRefused(
        () -> server.addExport(huge), Kind.HOST_LACKS, "ram:100T may need 100 TiB of memory");
  }

  @Test
  void whatCannotBeResizedIsRefused() throws Exception {
    assertRefused(
        () -> server.resize("vda", 0, 512, null), Kind.BAD_INPUT, "cannot make", "smaller");
    assertRefused(() -> server.resize("vda", 1, 2 << 20, null), Kind.BAD_INPUT, "has no disk 1");
    assertRefused(() -> server.resize("vda", -1, 2 << 20, null), Kind.BAD_INPUT, "no disk -1");
    assertRefused(() -> server.resize("vdx", 0, 2 << 20, null), Kind.BAD_INPUT, "no export vdx");
    assertThat(Files.size(image("vda"))).isEqualTo(1 << 20);
  }

  // ---- barriers ------------------------------------------------------------------------------

  @Test
  void aBarrierWaitsForWhatIsInFlight() throws Exception {
    Echo busy = latest;
    busy.inFlight = 2;
    FutureTask<DrainResult> drain = new FutureTask<>(() -> server.drain("vda", LONG, true));
    Thread.ofPlatform().start(drain);
    busy.pausedOnce.await();
    assertThat(names()).as("who only looks does not wait").containsExactly("vda");
    assertThat(drain.isDone()).isFalse();
    busy.inFlight = 0;
    assertThat(drain.get().requests()).isEqualTo(2);
    assertThat(drain.get().flushed()).isTrue();
    assertThat(busy.paused).isFalse();
  }

  @Test
  void aBarrierGivesUpInTimeAndGuestsGoOn() {
    latest.inFlight = 3;
    assertRefused(
        () -> server.drain(null, 1_000_000, false), Kind.FAILED, "3 requests are still in flight");
    assertThat(latest.paused).isFalse();
    latest.inFlight = 0;
    assertRefused(() -> server.drain("vdx", LONG, false), Kind.BAD_INPUT, "there is no export vdx");
  }

  @Test
  void aServerThatIsToldToStopDoesNotWaitForABarrier() throws Exception {
    Echo busy = latest;
    busy.inFlight = 1;
    FutureTask<DrainResult> drain =
        new FutureTask<>(() -> server.drain(null, TimeUnit.DAYS.toNanos(1), false));
    Thread.ofPlatform().start(drain);
    busy.pausedOnce.await();
    server.beginStop();
    assertThatThrownBy(drain::get).hasRootCauseMessage("the server is stopping");
    busy.inFlight = 0;
  }
}
