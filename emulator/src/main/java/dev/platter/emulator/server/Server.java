package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockPatience;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.loop.ThreadedLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.Preallocation;
import dev.platter.devices.block.Resizable;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.FdBudget;
import dev.platter.emulator.server.config.MemoryBudget;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A server at work: loops, images, devices and a socket for each export.
 *
 * <p>{@link #close} goes from the outside in: each export stops accepting, disconnects its client
 * and waits for what that has in flight; then images are flushed and closed, IOThreads end, and
 * last the main loop.
 *
 * <p>{@link #quiesce} and {@link #resume} leave all of that in place but the loops' threads and
 * rings. Clients stay connected and are answered; what they ask of their disks waits.
 *
 * <p>Any thread that does not hold the big lock may change the server. What is done to one export
 * waits for what is done to the same one, and to the server as a whole ({@link #quiesce}, {@link
 * #resume}, the end); a disk that does not answer holds up nobody else. What only looks waits for
 * none of it.
 */
public final class Server implements AutoCloseable {
  // On kernels where a worker outlives its work it ends with the thread, which takes no time.
  private static final long WORKER_PATIENCE_MILLIS = 2_000;

  private final ServeConfig config;
  private final EventLog log;
  private final ServerOptions options;
  private final SessionFactory sessions;
  private final Assembly assembly;
  private final Turns turns = new Turns();
  private final Set<Barrier> barriers = ConcurrentHashMap.newKeySet();
  // Of exports that are being added; in its own monitor.
  private final List<ExportConfig> coming = new ArrayList<>();
  private volatile boolean closed; // written by whoever has everything's turn
  private volatile boolean flushed = true;
  // Guests are held back; written by whoever has everything's turn.
  private volatile boolean held;
  // Nothing is in flight, and no loop has a ring; written likewise.
  private volatile boolean quiesced;
  // Written without one, so that what waits in its turn is given up.
  private volatile boolean stopping;
  private final AtomicInteger resumes = new AtomicInteger();
  private volatile long heldNanos;

  private Server(
      ServeConfig config,
      EventLog log,
      ServerOptions options,
      SessionFactory sessions,
      Assembly assembly) {
    this.config = config;
    this.log = log;
    this.options = options;
    this.sessions = sessions;
    this.assembly = assembly;
  }

  /**
   * Starts a server that takes no sockets from systemd.
   *
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(ServeConfig config, EventLog log) {
    return start(config, log, SystemdSockets.none());
  }

  /**
   * Starts a server. No socket is made before everything else is known to work.
   *
   * @param activated sockets for the exports that have none of their own
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(ServeConfig config, EventLog log, SystemdSockets activated) {
    return start(config, log, activated, ServerOptions.DEFAULT);
  }

  /**
   * Starts a server as {@link #start(ServeConfig, EventLog, SystemdSockets)} does.
   *
   * @param options how it works
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(
      ServeConfig config, EventLog log, SystemdSockets activated, ServerOptions options) {
    return start(config, log, activated, options, StartListener.NOBODY);
  }

  /**
   * Starts a server as {@link #start(ServeConfig, EventLog, SystemdSockets)} does.
   *
   * @param options how it works
   * @param listener whom it tells, and who may give it up
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(
      ServeConfig config,
      EventLog log,
      SystemdSockets activated,
      ServerOptions options,
      StartListener listener) {
    return start(config, log, activated, options, new DeviceSessions(options), listener);
  }

  static Server start(
      ServeConfig config, EventLog log, SystemdSockets activated, SessionFactory sessions) {
    return start(config, log, activated, ServerOptions.DEFAULT, sessions, StartListener.NOBODY);
  }

  static Server start(
      ServeConfig config,
      EventLog log,
      SystemdSockets activated,
      ServerOptions options,
      SessionFactory sessions,
      StartListener listener) {
    FdBudget.check(config.ioThreads().size(), config.exports());
    MemoryBudget.check(config.ioThreads().size(), config.exports(), options.memoryLimitBytes());
    Map<String, Integer> descriptors = activated.assign(config.exports());
    Assembly assembly = new Assembly(config.ioThreads(), log, sessions, options.ioWorkers());
    Server server = new Server(config, log, options, sessions, assembly);
    try {
      assembly.assemble(
          config,
          new LockPatience(
              options.lockWaitNanos(), listener::givesUp, new LockEvents(log, listener)));
      try (Turns.Turn _ = server.turns.ofAll()) {
        assembly.listen(descriptors);
        listener.beforeOpen(server);
        assembly.exports().forEach(export -> export.announce(log));
        assembly.open();
      }
      return server;
    } catch (RuntimeException | Error e) {
      server.abandon(e);
      throw e;
    }
  }

  private void abandon(Throwable cause) {
    stopping = true;
    closed = true;
    try {
      assembly.stopServing();
      assembly.takeApart();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  // ---- what it has done ----------------------------------------------------------------------

  /**
   * What a loop has done so far.
   *
   * @param name the IOThread's, the export's whose own loop it is, or "main-loop"
   * @param lock what its big lock has cost; null if it has none
   * @param threadId its thread's {@link Thread#threadId}; 0 if it has none, being suspended
   */
  public record LoopUse(
      String name, LoopStats.Snapshot counts, BigLock.@Nullable Stats lock, long threadId) {}

  /** The exports as they are now, in the order they were added. Any thread, without waiting. */
  public List<ExportView> exports() {
    return assembly.exports().stream().map(ServedExport::view).toList();
  }

  /** The counters of the loops, the main loop first. Any thread, without waiting. */
  public List<LoopUse> loops() {
    List<LoopUse> uses = new ArrayList<>();
    for (AioContext loop : assembly.loops()) {
      uses.add(
          new LoopUse(loop.name(), loop.stats().snapshot(), loop.lockStats(), loop.threadId()));
    }
    return uses;
  }

  /** How many io-wq workers each loop may have at work, of each kind. Any thread. */
  public int ioWorkersLimit() {
    return options.ioWorkers();
  }

  /**
   * How many of an export's requests stalled so far, by cause, as far as the loops can tell; what
   * is no loop's to know (collections, io-wq) is missing. Any thread, without waiting.
   *
   * @return empty if stages are not recorded
   */
  public Map<StallCause, Long> stalls(String export) {
    ExportStages stages = sessions.stages(export);
    return stages == null ? Map.of() : stages.stalls();
  }

  /** Whether guests are held back: it is quiesced, or about to be. Any thread, without waiting. */
  public boolean isQuiesced() {
    return held;
  }

  /**
   * How long a {@link #quiesce} has waited for disks, in nanoseconds; 0 if none waits. Any thread,
   * without waiting.
   */
  public long quiesceWaitNanos() {
    return held && !quiesced ? System.nanoTime() - heldNanos : 0;
  }

  /** Whether it has been told to stop. Any thread, without waiting. */
  public boolean isStopping() {
    return stopping;
  }

  /** Whether it is closed, or about to be. Any thread, without waiting. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Ends a part of an export's recording, and begins the next one. The caller does not hold the big
   * lock.
   *
   * @return what was recorded since the last time; null if stages are not recorded
   */
  public @Nullable StageRun takeStages(String export) {
    ExportStages stages = sessions.stages(export);
    return stages == null ? null : stages.take();
  }

  /**
   * Runs something on the thread of each loop, one after the other, and waits for it. The caller
   * does not hold the big lock.
   *
   * @param task gets the loop's name
   */
  public void onEachLoop(Consumer<String> task) {
    for (AioContext loop : assembly.loops()) {
      loop.invoke(() -> task.accept(loop.name()));
    }
  }

  /** How the server was set up when it was started. */
  public ServeConfig config() {
    return config;
  }

  // ---- exports that come and go --------------------------------------------------------------

  /**
   * Serves one more device, whose socket is made here. Nothing is left of it if that fails.
   *
   * @return it
   * @throws PlatterException if it does not fit to the others, as at the start; if anything is
   *     missing; or if the server is quiesced or stops
   */
  public ExportView addExport(ExportConfig added) {
    if (!(added.endpoint() instanceof Endpoint.SocketPath)) {
      throw PlatterException.badInput(
          "export " + added.name() + " has no socket= to be made",
          "Add socket=PATH; sockets that are inherited or systemd's are for the start");
    }
    try (Turns.Turn _ = turnOf(added.name())) {
      checkAtWork("add an export");
      announce(added);
      try {
        ServedExport export = assembly.prepare(added, patience());
        export.announce(log);
        assembly.open(export);
        return export.view();
      } finally {
        synchronized (coming) {
          coming.remove(added);
        }
      }
    }
  }

  /** Checks one that is to come with those that are there and those that are coming. */
  private void announce(ExportConfig added) {
    synchronized (coming) {
      List<ExportConfig> all = new ArrayList<>(coming);
      assembly.exports().forEach(export -> all.add(export.config()));
      Set<String> ids = new HashSet<>();
      config.ioThreads().forEach(ioThread -> ids.add(ioThread.id()));
      ServeConfig.checkAddition(added, all, ids);
      all.add(added);
      FdBudget.check(ids.size(), all);
      MemoryBudget.check(ids.size(), all, options.memoryLimitBytes());
      coming.add(added);
    }
  }

  private LockPatience patience() {
    return new LockPatience(
        options.lockWaitNanos(), () -> stopping, new LockEvents(log, StartListener.NOBODY));
  }

  /** Waits for the turn of an export; not when the server stops, which is to be checked then. */
  private Turns.Turn turnOf(String export) {
    return turns.of(export, () -> stopping);
  }

  /**
   * Serves a device no more: its client is disconnected and what that has in flight completes; its
   * images are flushed and closed, its socket is removed. Also while the server is quiesced.
   *
   * @param force whether to do so with a client connected
   * @return whether its images could be flushed; it is gone in any case
   * @throws PlatterException if there is none of that name, or a client is connected and {@code
   *     force} is not given
   */
  public boolean removeExport(String name, boolean force) {
    try (Turns.Turn _ = turnOf(name)) {
      checkOpen();
      ServedExport export = find(name);
      if (force) {
        export.disconnect();
      } else if (!export.stopUnlessConnected()) {
        throw PlatterException.failed(
            "export " + name + " has a client: pid " + export.view().clientPid(),
            "Have it leave first, or force the removal");
      }
      boolean stable;
      try (SlowWait _ = slow(name, "remove", export::inFlight)) {
        export.stopServing();
        stable = flush(List.of(export));
        assembly.remove(export);
      }
      log.event(Level.INFO, name, "removed", Map.of("flushed", stable));
      return stable;
    }
  }

  private SlowWait slow(String export, String what, LongSupplier inFlight) {
    return SlowWait.begin(log, export, what, inFlight, options.tellAfterNanos());
  }

  private ServedExport find(String name) {
    List<String> names = new ArrayList<>();
    for (ServedExport export : assembly.exports()) {
      if (export.name().equals(name)) {
        return export;
      }
      names.add(export.name());
    }
    throw PlatterException.badInput(
        "there is no export " + name,
        names.isEmpty() ? "Add one first" : "One of " + String.join(", ", names));
  }

  /**
   * Makes an image larger and tells its guest. It is never made smaller.
   *
   * @param name the export
   * @param disk which of its images, from 0
   * @param bytes the new size
   * @param preallocation see {@link Resizable#grow}
   * @throws PlatterException if it cannot be; it has its old size then, unless the message says
   *     that the new one could not be made stable
   */
  public ResizeResult resize(
      String name, int disk, long bytes, @Nullable Preallocation preallocation) {
    try (Turns.Turn _ = turnOf(name)) {
      return resizeInTurn(name, disk, bytes, preallocation);
    }
  }

  private ResizeResult resizeInTurn(
      String name, int disk, long bytes, @Nullable Preallocation preallocation) {
    checkAtWork("resize an image");
    ServedExport export = find(name);
    List<BlockBackend> images = export.images();
    if (disk < 0 || disk >= images.size()) {
      throw PlatterException.badInput(
          "export " + name + " has no disk " + disk,
          images.size() == 1 ? "Its only one is 0" : "They are 0 to " + (images.size() - 1));
    }
    BlockBackend image = images.get(disk);
    String path = image.description().name();
    Resizable size =
        image
            .resizable()
            .orElseThrow(() ->
                PlatterException.badInput(
                    path + " has a fixed size", "Serve another, and have the guest copy it"));
    long before = size.currentSizeBytes();
    Preallocation how;
    try {
      how = size.grow(bytes, preallocation);
    } finally {
      // Also after a failure: the size may be the new one.
      long now = size.currentSizeBytes();
      assembly.mainLoop().context().invoke(() -> size.resizeTo(now));
    }
    boolean atPowerOn = export.config().kind().seesSizeAtPowerOn();
    return new ResizeResult(path, before, image.sizeBytes(), how, atPowerOn);
  }

  /**
   * A barrier: waits until every request that was in flight has completed. The loops that run them
   * take no new ones from guests meanwhile, and go on then, or when the time is up.
   *
   * @param name the export whose loops are meant, which may be others' as well; null for all
   * @param nanos how long to wait at most, in nanoseconds
   * @param flush whether to make what has completed stable ({@code fsync}) after that
   * @throws PlatterException if requests are still in flight when the time is up
   */
  public DrainResult drain(@Nullable String name, long nanos, boolean flush) {
    checkOpen();
    List<ServedExport> meant = name == null ? assembly.exports() : List.of(find(name));
    Set<String> things = new HashSet<>();
    for (ServedExport export : meant) {
      things.add(export.name());
      // Two barriers on one loop would let each other's guests go on.
      export.loops().forEach(loop -> things.add("loop " + loop.name()));
    }
    long start;
    int requests;
    List<ServedExport> drained = new ArrayList<>();
    try (Turns.Turn _ = turns.of(things, () -> stopping)) {
      checkOpen();
      start = System.nanoTime();
      if (name == null) {
        drained.addAll(assembly.exports());
        drained.retainAll(meant); // one may have gone meanwhile
      } else {
        drained.add(find(name));
      }
      requests = drainInTurn(drained, nanos);
    }
    if (flush && !flushAll(drained, () -> stopping)) {
      checkOpen();
      throw PlatterException.failed(
          "nothing is in flight, but an image could not be flushed", "See the log for the image");
    }
    return new DrainResult(requests, flush, millisSince(start));
  }

  private int drainInTurn(List<ServedExport> drained, long nanos) {
    if (quiesced) {
      return 0;
    }
    if (held) {
      throw PlatterException.failed(
          "the server is being quiesced, which waits for the same", "Wait for that, or resume it");
    }
    Set<AioContext> loops = new LinkedHashSet<>();
    drained.forEach(export -> loops.addAll(export.loops()));
    return await(List.copyOf(loops), nanos);
  }

  private int await(List<AioContext> loops, long nanos) {
    try (Barrier waits = new Barrier()) {
      barriers.add(waits);
      try {
        if (stopping) {
          waits.giveUp();
        }
        if (!waits.await(loops, nanos)) {
          checkOpen();
          throw PlatterException.failed(
              waits.inFlight() + " requests are still in flight",
              "Look at the disk under the images, or give it more time");
        }
        return waits.begunWith();
      } finally {
        barriers.remove(waits);
      }
    }
  }

  private void checkOpen() {
    if (stopping) {
      throw PlatterException.failed("the server is stopping", null);
    }
  }

  private void checkAtWork(String what) {
    checkOpen();
    if (held) {
      throw PlatterException.failed(
          "cannot " + what + " while the server is quiesced", "Resume it first");
    }
  }

  // ---- quiescing -----------------------------------------------------------------------------

  /**
   * Takes no more work from guests, waits for what is in flight, flushes, and closes all rings;
   * clients stay connected. The caller does not hold the big lock. On a server that is quiesced,
   * flushes and looks again what is left.
   *
   * <p>It has everything's turn to begin and to end, and none while it waits for disks: what does
   * not need one that does not answer goes on.
   *
   * @throws PlatterException if the server stops or has stopped, or is resumed meanwhile
   */
  public QuiesceResult quiesce() {
    long start;
    int asked;
    List<ThreadedLoop> loops;
    try (Turns.Turn _ = turns.ofAll(() -> stopping)) {
      checkOpen();
      start = System.nanoTime();
      asked = resumes.get();
      if (!held) {
        heldNanos = start;
        held = true;
      }
      loops = assembly.beginSuspend();
    }
    BooleanSupplier over = () -> stopping || resumes.get() != asked;
    OptionalInt drained;
    boolean stable;
    try (SlowWait _ = slow("", "quiesce", this::inFlight)) {
      drained = Assembly.awaitSuspended(loops, over);
      stable = drained.isPresent() && flushAll(assembly.exports(), over);
    }
    try (Turns.Turn _ = turns.ofAll(over)) {
      checkOpen();
      if (over.getAsBoolean()) {
        throw givenUp(start);
      }
      quiesced = true;
      RingRemains remains = RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
      QuiesceResult outcome =
          new QuiesceResult(
              drained.orElseThrow(),
              stable,
              remains.rings(),
              remains.workers(),
              millisSince(start));
      log.event(outcome.safe() ? Level.INFO : Level.WARNING, "", "quiesced", outcome.fields());
      return outcome;
    }
  }

  private PlatterException givenUp(long start) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("in_flight", inFlight());
    fields.put("milliseconds", millisSince(start));
    log.event(Level.WARNING, "", "quiesce-given-up", fields);
    return PlatterException.failed(
        "the server was resumed meanwhile: " + inFlight() + " requests are in flight",
        "Look at the disk under the images, or give it more time");
  }

  /** Has a {@link #quiesce} that waits end with a failure. Waits for nothing; resume it then. */
  public void giveUpQuiesce() {
    resumes.incrementAndGet();
    turns.wake();
  }

  /**
   * Goes on where {@link #quiesce} stopped, or still waits. On a server that is not quiesced, or
   * stops, does nothing.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still quiesced then
   */
  public void resume() {
    giveUpQuiesce();
    try (Turns.Turn _ = turns.ofAll(() -> stopping)) {
      resumeInTurn();
    }
  }

  private long inFlight() {
    return assembly.exports().stream().mapToLong(ServedExport::inFlight).sum();
  }

  private void resumeInTurn() {
    if (!held || stopping) {
      return;
    }
    long start = System.nanoTime();
    eachRecorded(stages -> stages.resumes(start));
    try {
      assembly.resumeLoops(() -> stopping);
    } catch (PlatterException e) {
      // Some loops may have been at work in between.
      flush(assembly.exports());
      RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
      log.event(Level.ERROR, "", "resume-failed", Map.of("reason", String.valueOf(e.getMessage())));
      throw e;
    }
    quiesced = false;
    held = false;
    eachRecorded(stages -> stages.wasQuiesced(heldNanos, start));
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("milliseconds", millisSince(start));
    fields.put("quiesced_milliseconds", millisSince(heldNanos));
    log.event(Level.INFO, "", "resumed", fields);
  }

  private void eachRecorded(Consumer<ExportStages> task) {
    for (ServedExport export : assembly.exports()) {
      ExportStages stages = sessions.stages(export.name());
      if (stages != null) {
        task.accept(stages);
      }
    }
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Whether all that {@link #close} has flushed is on stable storage. */
  public boolean flushed() {
    return flushed;
  }

  /**
   * Disconnects clients, waits for what is in flight and flushes; no more are accepted. The caller
   * does not hold the big lock. Idempotent, and a part of {@link #close}.
   */
  public void stopServing() {
    beginStop();
    end();
    turns.ofAll().close();
    end(); // what was just being added
  }

  private void end() {
    if (!assembly.endServing(turns, options.tellAfterNanos())) {
      flushed = false;
    }
  }

  /**
   * Refuses whatever changes the server from here on, and gives up what waits for a lock, a turn or
   * a {@link #drain}. Waits for nothing. Idempotent, and a part of {@link #stopServing}.
   */
  public void beginStop() {
    stopping = true;
    barriers.forEach(Barrier::giveUp);
    turns.wake();
  }

  /**
   * Stops: disconnects clients, waits for what is in flight, flushes and closes. The caller does
   * not hold the big lock. A server that is quiesced needs no ring for it. Idempotent.
   */
  @Override
  public void close() {
    stopServing();
    try (Turns.Turn _ = turns.ofAll()) {
      if (closed) {
        return;
      }
      closed = true;
      assembly.takeApart();
    }
  }

  /**
   * Flushes exports at once, each in its turn; not those that have gone meanwhile.
   *
   * @param over whether to wait no more
   * @return whether all are flushed
   */
  private boolean flushAll(List<ServedExport> exports, BooleanSupplier over) {
    boolean stable =
        EachExport.all(
            "flush",
            exports,
            turns,
            over,
            export -> !assembly.exports().contains(export) || export.flush(log));
    if (!stable && !over.getAsBoolean()) {
      flushed = false;
    }
    return stable;
  }

  private boolean flush(List<ServedExport> exports) {
    boolean stable = true;
    for (ServedExport export : exports) {
      stable &= export.flush(log);
    }
    if (!stable) {
      flushed = false;
    }
    return stable;
  }
}
