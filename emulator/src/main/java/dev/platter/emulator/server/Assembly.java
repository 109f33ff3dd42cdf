package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.loop.ThreadedLoop;
import dev.platter.aio.socket.QueueWatch;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportLoop;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.ServeConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/**
 * The parts of a server, put together from the inside out and taken apart the other way round, also
 * when only some are there. Exports come and go meanwhile.
 *
 * <p>Each export is for one thread at a time, and all of them and the loops are for one while they
 * are put together, suspended, resumed or taken apart; {@link ChangeLocks} sees to that.
 */
final class Assembly {
  private static final long LOOK_MILLIS = 20;

  private final EventLog log;
  private final SessionFactory sessions;
  private final Images images = new Images();
  private final MainLoop mainLoop;
  private final int ioWorkers;
  private final Map<String, IoThread> ioThreads = new LinkedHashMap<>();
  private final Closers closers = new Closers();
  private final ImageSizes sizes;
  private final QueueWatch queues;
  // Replaced, never changed: any thread may look.
  private volatile List<AioContext> sharedLoops = List.of();
  private volatile List<ServedExport> exports = List.of();

  /**
   * Begins, with a main loop.
   *
   * @param ioWorkers the limit of each loop's io-wq workers
   */
  Assembly(List<IoThreadConfig> threads, EventLog log, SessionFactory sessions, int ioWorkers) {
    threads.forEach(HostCheck::cpu);
    this.log = log;
    this.sessions = sessions;
    this.ioWorkers = ioWorkers;
    mainLoop = new MainLoop(mainLoopConfig());
    closers.push(mainLoop::close);
    // Each has a thread: neither is there before what may be refused.
    sizes = new ImageSizes();
    closers.push(sizes::close);
    queues = new QueueWatch();
    closers.push(queues::close);
    sharedLoops = List.of(mainLoop.context());
  }

  MainLoop mainLoop() {
    return mainLoop;
  }

  /** All loops, the main loop first. Any thread. */
  List<AioContext> loops() {
    List<AioContext> loops = new ArrayList<>(sharedLoops);
    for (ServedExport export : exports) {
      ThreadedLoop own = export.own();
      if (own != null) {
        loops.add(own.context());
      }
    }
    return loops;
  }

  /** The exports that are there. Any thread. */
  List<ServedExport> exports() {
    return exports;
  }

  /**
   * One of them.
   *
   * @throws PlatterException of kind BAD_INPUT if there is none of that name
   */
  ServedExport export(String name) {
    List<String> names = new ArrayList<>();
    for (ServedExport export : exports) {
      if (export.name().equals(name)) {
        return export;
      }
      names.add(export.name());
    }
    throw PlatterException.badInput(
        "there is no export " + name,
        names.isEmpty() ? "Add one first" : "One of " + String.join(", ", names));
  }

  // ---- putting together ----------------------------------------------------------------------

  /**
   * Makes loops, images and devices.
   *
   * @param timeout for locks of images
   */
  void assemble(ServeConfig config, LockTimeout timeout) {
    for (IoThreadConfig ioThread : config.ioThreads()) {
      IoThread thread = start(ioThread);
      closers.push(thread::close);
      ioThreads.put(ioThread.id(), thread);
      List<AioContext> loops = new ArrayList<>(sharedLoops);
      loops.add(thread.context());
      sharedLoops = List.copyOf(loops);
    }
    boolean several = config.disks() > 1;
    for (ExportConfig each : config.exports()) {
      ServedExport export = new ServedExport(each);
      keep(export);
      export.openImages(images, several, timeout);
    }
    exports.forEach(this::makeDevice);
  }

  private synchronized void keep(ServedExport export) {
    List<ServedExport> all = new ArrayList<>(exports);
    all.add(export);
    exports = List.copyOf(all);
  }

  private AioConfig mainLoopConfig() {
    return AioConfig.mainLoop().withMaxWorkers(ioWorkers);
  }

  private IoThread start(IoThreadConfig ioThread) {
    int cpu = ioThread.cpu();
    Runnable pin = cpu == IoThreadConfig.ANY_CPU ? () -> {} : () -> CpuAffinity.pin(cpu);
    return new IoThread(ioThread.id(), ioThread.loop().withMaxWorkers(ioWorkers), pin);
  }

  private void makeDevice(ServedExport export) {
    MainLoop main = mainLoop;
    List<AioContext> loops;
    switch (export.config().loop()) {
      case ExportLoop.OwnMainLoop _ -> {
        // Its guest is another machine.
        main = export.own(new MainLoop(export.name(), mainLoopConfig()));
        loops = List.of(main.context());
      }
      case ExportLoop.OwnIoThread(IoThreadConfig thread) ->
          loops = List.of(export.own(start(thread)).context());
      case ExportLoop.IoThreads its -> loops = its.ids().stream().map(this::ioThread).toList();
    }
    DeviceParts parts = new DeviceParts(export.images(), loops, main, log);
    export.onClose(() -> sessions.forget(export.name()));
    export.device(sessions.open(export.config(), parts), loops);
    export.images().forEach(image -> watch(export, image));
  }

  private AioContext ioThread(String id) {
    IoThread thread = ioThreads.get(id);
    if (thread == null) {
      throw new IllegalStateException("the configuration was checked: " + id);
    }
    return thread.context();
  }

  private void watch(ServedExport export, BlockBackend image) {
    String name = image.description().name();
    ImageEvents events = new ImageEvents(log, export.name(), name);
    image.addListener(events);
    LongConsumer resized =
        size -> {
          Map<String, Object> fields = new LinkedHashMap<>();
          fields.put("image", name);
          fields.put("bytes", size);
          log.event(Level.INFO, export.name(), "resized", fields);
        };
    image.addResizeListener(resized);
    export.onClose(() -> {
      image.removeResizeListener(resized);
      image.removeListener(events);
    });
    image
        .resizable()
        .ifPresent(size -> {
          ImageSizes.Watched watched = sizes.add(size, mainLoop.context());
          export.onClose(() -> sizes.remove(watched));
        });
  }

  /** Makes or takes over all sockets; nobody is accepted yet. */
  void listen(Map<String, Integer> descriptors) {
    for (ServedExport export : exports) {
      export.listen(
          switch (export.config().endpoint()) {
            case Endpoint.SocketPath(var path) -> UnixListener.bind(path);
            case Endpoint.Descriptor(int fd) -> UnixListener.inherited(fd);
            case Endpoint.Activated _ ->
                UnixListener.inherited(descriptors.getOrDefault(export.name(), -1));
          });
    }
  }

  /** Lets clients in. */
  void open() {
    exports.forEach(export -> export.open(queues, log));
  }

  // ---- coming and going ----------------------------------------------------------------------

  /**
   * Makes one more export, up to its socket; nobody is accepted yet.
   *
   * @param timeout for locks of its images
   * @throws PlatterException if it cannot be; nothing of it is left then
   */
  ServedExport prepare(ExportConfig config, LockTimeout timeout) {
    ServedExport export = new ServedExport(config);
    try {
      export.openImages(images, false, timeout); // which refuses nobody else
      makeDevice(export);
      if (!(config.endpoint() instanceof Endpoint.SocketPath(var path))) {
        throw new IllegalStateException("the configuration was checked: " + config.endpoint());
      }
      export.listen(UnixListener.bind(path));
      return export;
    } catch (RuntimeException | Error e) {
      giveUp(export, e);
      throw e;
    }
  }

  /** Lets the clients of one that is prepared in. */
  void open(ServedExport export) {
    try {
      export.open(queues, log);
      keep(export);
    } catch (OutOfMemoryError e) {
      giveUp(export, e);
      throw PlatterException.hostLacks(
          "the thread of export " + export.name() + " could not be started: " + e.getMessage(),
          "Raise the limit of processes: ulimit -u, or pids.max of the cgroup");
    } catch (RuntimeException | Error e) {
      giveUp(export, e);
      throw e;
    }
  }

  private static void giveUp(ServedExport export, Throwable cause) {
    try {
      export.takeApart();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /** Takes an export apart that serves nobody any more; it is gone in any case. */
  void remove(ServedExport export) {
    synchronized (this) {
      exports = exports.stream().filter(each -> each != export).toList();
    }
    export.takeApart();
  }

  // ---- suspending ----------------------------------------------------------------------------

  private List<ThreadedLoop> allLoops() {
    List<ThreadedLoop> all = new ArrayList<>();
    all.add(mainLoop);
    all.addAll(ioThreads.values());
    for (ServedExport export : exports) {
      ThreadedLoop own = export.own();
      if (own != null) {
        all.add(own);
      }
    }
    return all;
  }

  /**
   * Begins to suspend all loops, at once. Those that are suspended are left alone.
   *
   * @return them, to be waited for
   */
  List<ThreadedLoop> beginSuspend() {
    List<ThreadedLoop> loops = allLoops();
    loops.forEach(ThreadedLoop::beginSuspend);
    return loops;
  }

  /**
   * Waits for loops that are about to be suspended. Meanwhile they may be resumed, and those of
   * exports may go.
   *
   * @param over whether to wait no more
   * @return how many requests were in flight; empty if the wait was given up
   */
  static OptionalInt awaitSuspended(List<ThreadedLoop> loops, BooleanSupplier over) {
    int drained = 0;
    for (ThreadedLoop loop : loops) {
      while (!over.getAsBoolean() && !loop.awaitSuspend(LOOK_MILLIS)) {}
      if (over.getAsBoolean()) {
        return OptionalInt.empty();
      }
      drained += loop.suspend();
    }
    return OptionalInt.of(drained);
  }

  /**
   * Resumes all loops, also those that are about to be suspended.
   *
   * @param over whether to wait no more for what is in flight, after a failure
   * @throws PlatterException if the kernel refuses a ring; all are suspended then
   */
  void resumeLoops(BooleanSupplier over) {
    try {
      allLoops().forEach(ThreadedLoop::resume);
    } catch (PlatterException e) {
      awaitSuspended(beginSuspend(), over);
      throw e;
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Of a start that has failed: nobody has been served yet. */
  void stopServing() {
    exports.forEach(ServedExport::disconnect);
    exports.forEach(ServedExport::stopServing);
  }

  /**
   * Disconnects all clients, drains all exports and flushes their disks: all exports at once, each
   * with its lock held, so that an export whose disk does not answer holds up no other.
   *
   * @param tellAfterNanos how long an export may take before the log says so
   * @return whether all disks were flushed
   */
  boolean endServing(ChangeLocks locks, long tellAfterNanos) {
    exports.forEach(ServedExport::disconnect);
    return ExportTask.all(
        "stop", exports, locks, () -> false, export -> export.end(log, tellAfterNanos));
  }

  /** Closes whatever there is. Whatever fails does not keep the rest open. */
  void takeApart() {
    exports.forEach(export -> closers.push(export::takeApart));
    exports = List.of();
    closers.closeAll();
  }
}
