package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockPatience;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.loop.ThreadedLoop;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.devices.block.RawImage;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.machine.Housekeeping;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a server, put together from the inside out and taken apart the other way round, also
 * when only some are there. Exports come and go meanwhile.
 *
 * <p>One thread at a time, but for what is said to be for any.
 */
final class Assembly {
  private final EventLog log;
  private final SessionFactory sessions;
  private final Images images = new Images();
  private final MainLoop mainLoop;
  private final Map<String, IoThread> ioThreads = new LinkedHashMap<>();
  private final Closers closers = new Closers();
  private @Nullable Housekeeping housekeeping;
  // Replaced, never changed: any thread may look.
  private volatile List<AioContext> sharedLoops = List.of();
  private volatile List<ServedExport> exports = List.of();

  Assembly(List<IoThreadConfig> threads, EventLog log, SessionFactory sessions) {
    HostCheck.checkCpus(threads);
    this.log = log;
    this.sessions = sessions;
    mainLoop = new MainLoop(AioConfig.mainLoop());
    closers.push(mainLoop::close);
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

  // ---- putting together ----------------------------------------------------------------------

  /**
   * Makes loops, images and devices.
   *
   * @param patience for locks of images
   */
  void assemble(ServeConfig config, LockPatience patience) {
    for (IoThreadConfig ioThread : config.ioThreads()) {
      IoThread thread = start(ioThread);
      closers.push(thread::close);
      ioThreads.put(ioThread.id(), thread);
      List<AioContext> loops = new ArrayList<>(sharedLoops);
      loops.add(thread.context());
      sharedLoops = List.copyOf(loops);
    }
    for (ExportConfig each : config.exports()) {
      ServedExport export = new ServedExport(each);
      keep(export);
      export.openImages(images, patience);
    }
    Housekeeping started = new Housekeeping(mainLoop);
    closers.push(started::close);
    housekeeping = started;
    exports.forEach(this::makeDevice);
  }

  private void keep(ServedExport export) {
    List<ServedExport> all = new ArrayList<>(exports);
    all.add(export);
    exports = List.copyOf(all);
  }

  private static IoThread start(IoThreadConfig ioThread) {
    int cpu = ioThread.cpu();
    Runnable pin = cpu == IoThreadConfig.ANY_CPU ? () -> {} : () -> CpuAffinity.pin(cpu);
    return new IoThread(ioThread.id(), ioThread.loop(), pin);
  }

  private void makeDevice(ServedExport export) {
    // Each AHCI controller is of another machine, with a main loop and a big lock of its own.
    boolean ahci = export.config() instanceof ExportConfig.Ahci;
    MainLoop main = ahci ? export.own(new MainLoop(export.name(), AioConfig.mainLoop())) : mainLoop;
    List<AioContext> loops = ahci ? List.of(main.context()) : queueLoops(export);
    SessionFactory.Parts parts = new SessionFactory.Parts(export.images(), loops, main, log);
    export.onClose(() -> sessions.forget(export.name()));
    export.device(sessions.open(export.config(), parts), loops);
    export.images().forEach(image -> watch(export, image));
  }

  private List<AioContext> queueLoops(ServedExport export) {
    if (!(export.config() instanceof ExportConfig.VirtioBlk disk)) {
      return List.of();
    }
    if (disk.ioThreads().isEmpty()) {
      return List.of(export.own(start(disk.ownIoThread())).context());
    }
    List<AioContext> loops = new ArrayList<>();
    for (String id : disk.ioThreads()) {
      IoThread thread = ioThreads.get(id);
      if (thread == null) {
        throw new IllegalStateException("the configuration was checked: " + id);
      }
      loops.add(thread.context());
    }
    return loops;
  }

  private void watch(ServedExport export, RawImage image) {
    Housekeeping rounds = housekeeping;
    if (rounds == null) {
      throw new IllegalStateException("the server is not assembled");
    }
    image.addResizeListener(size -> {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("image", image.path());
      fields.put("bytes", size);
      log.event(Level.INFO, export.name(), "resized", fields);
    });
    Runnable look = image::checkForResize;
    export.onClose(() -> rounds.remove(look));
    rounds.add(look);
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
    exports.forEach(export -> export.open(log));
  }

  // ---- coming and going ----------------------------------------------------------------------

  /**
   * Makes one more export, up to its socket; nobody is accepted yet.
   *
   * @param patience for locks of its images
   * @throws PlatterException if it cannot be; nothing of it is left then
   */
  ServedExport prepare(ExportConfig config, LockPatience patience) {
    ServedExport export = new ServedExport(config);
    try {
      export.openImages(images, patience);
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
      export.open(log);
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
    exports = exports.stream().filter(each -> each != export).toList();
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
   * Suspends all loops, at once. Those that are suspended are left alone.
   *
   * @return how many requests were in flight
   */
  int suspendLoops() {
    List<ThreadedLoop> loops = allLoops();
    loops.forEach(ThreadedLoop::beginSuspend);
    int drained = 0;
    for (ThreadedLoop loop : loops) {
      drained += loop.suspend();
    }
    return drained;
  }

  /**
   * Resumes all loops.
   *
   * @throws PlatterException if the kernel refuses a ring; all are suspended then
   */
  void resumeLoops() {
    try {
      allLoops().forEach(ThreadedLoop::resume);
    } catch (PlatterException e) {
      suspendLoops();
      throw e;
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  /** No client is served any more, and nothing is in flight. */
  void stopServing() {
    // All at once: one whose disk is slow to finish must not leave the others at work meanwhile.
    exports.forEach(ServedExport::disconnect);
    exports.forEach(ServedExport::stopServing);
  }

  /** Closes whatever there is. Whatever fails does not keep the rest open. */
  void takeApart() {
    exports.forEach(export -> closers.push(export::takeApart));
    exports = List.of();
    closers.closeAll();
  }
}
