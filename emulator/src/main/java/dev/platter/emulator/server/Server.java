package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.devices.block.Resizable;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.FdBudget;
import dev.platter.emulator.server.config.MemoryBudget;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
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
  private final ServerOptions options;
  private final SessionFactory sessions;
  private final Assembly assembly;
  private final ChangeLocks locks = new ChangeLocks();
  private final Flushes flushes;
  private final Quiescence quiescence;
  private final ExportChanges changes;
  private volatile boolean closed; // written with all locks held

  private Server(
      ServeConfig config,
      EventLog log,
      ServerOptions options,
      SessionFactory sessions,
      Assembly assembly) {
    this.options = options;
    this.sessions = sessions;
    this.assembly = assembly;
    flushes = new Flushes(log, assembly, locks);
    quiescence = new Quiescence(log, options.tellAfterNanos(), sessions, assembly, locks, flushes);
    changes = new ExportChanges(config, log, options, assembly, locks, flushes, quiescence);
  }

  /**
   * Starts a server that takes no sockets from systemd, works as servers usually do, and tells
   * nobody but the log.
   *
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(ServeConfig config, EventLog log) {
    return start(config, log, SystemdSockets.none(), ServerOptions.DEFAULT, StartListener.NOBODY);
  }

  /**
   * Starts a server. No socket is made before everything else is known to work.
   *
   * @param activated sockets for the exports that have none of their own
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
          new LockTimeout(
              options.lockWaitNanos(), listener::givesUp, new LockEvents(log, listener)));
      try (ChangeLocks.Held _ = server.locks.acquireAll()) {
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
    locks.stop();
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
    return quiescence.holdsGuests();
  }

  /**
   * How long a {@link #quiesce} has waited for disks, in nanoseconds; 0 if none waits. Any thread,
   * without waiting.
   */
  public long quiesceWaitNanos() {
    return quiescence.waitNanos();
  }

  /** Whether it has been told to stop. Any thread, without waiting. */
  public boolean isStopping() {
    return locks.isStopping();
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

  // ---- exports that come and go --------------------------------------------------------------

  /**
   * Serves one more device, whose socket is made here. Nothing is left of it if that fails.
   *
   * @return it
   * @throws PlatterException if it does not fit to the others, as at the start; if anything is
   *     missing; or if the server is quiesced or stops
   */
  public ExportView addExport(ExportConfig added) {
    return changes.add(added);
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
    return changes.remove(name, force);
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
    return changes.resize(name, disk, bytes, preallocation);
  }

  // ---- holding guests back -------------------------------------------------------------------

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
    return quiescence.drain(name, nanos, flush);
  }

  /**
   * Takes no more work from guests, waits for what is in flight, flushes, and closes all rings;
   * clients stay connected. The caller does not hold the big lock. On a server that is quiesced,
   * flushes and looks again what is left.
   *
   * <p>It holds all locks to begin and to end, and none while it waits for disks: a change that
   * needs none of these disks goes on.
   *
   * @throws PlatterException if the server stops or has stopped, or is resumed meanwhile
   */
  public QuiesceResult quiesce() {
    return quiescence.quiesce();
  }

  /** Has a {@link #quiesce} that waits end with a failure. Waits for nothing; resume it then. */
  public void giveUpQuiesce() {
    quiescence.giveUp();
  }

  /**
   * Goes on where {@link #quiesce} stopped, or still waits. On a server that is not quiesced, or
   * stops, does nothing.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still quiesced then
   */
  public void resume() {
    quiescence.resume();
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Whether all that {@link #close} has flushed is on stable storage. */
  public boolean flushed() {
    return !flushes.failed();
  }

  /**
   * Disconnects clients, waits for what is in flight and flushes; no more are accepted. The caller
   * does not hold the big lock. Idempotent, and a part of {@link #close}.
   */
  public void stopServing() {
    beginStop();
    flushes.endServing(options.tellAfterNanos());
    locks.acquireAll().close();
    flushes.endServing(options.tellAfterNanos()); // what was just being added
  }

  /**
   * Refuses changes of the server from here on, and ends all waits for an image's lock, for an
   * export's lock and for a {@link #drain}. Waits for nothing. Idempotent, and a part of {@link
   * #stopServing}.
   */
  public void beginStop() {
    locks.stop();
  }

  /**
   * Stops: disconnects clients, waits for what is in flight, flushes and closes. The caller does
   * not hold the big lock. A server that is quiesced needs no ring for it. Idempotent.
   */
  @Override
  public void close() {
    stopServing();
    try (ChangeLocks.Held _ = locks.acquireAll()) {
      if (closed) {
        return;
      }
      closed = true;
      assembly.takeApart();
    }
  }
}
