package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.devices.block.RawImage;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ExportServer;
import dev.platter.emulator.machine.Housekeeping;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parts of a server, put together from the inside out and taken apart the other way round, also
 * when only some are there.
 */
final class Assembly {
  /** An export whose parts are there. */
  private record Part(ExportConfig config, List<RawImage> images, ClientSession session) {}

  private final ServeConfig config;
  private final EventLog log;
  private final SessionFactory sessions;
  private final Images images = new Images();
  private final MainLoop mainLoop;
  private final Map<String, IoThread> ioThreads = new LinkedHashMap<>();
  private final Map<String, Part> parts = new LinkedHashMap<>();
  private final Map<String, UnixListener> listeners = new LinkedHashMap<>();
  private final List<ExportServer> servers = new ArrayList<>();
  // What to close, innermost last.
  private final Deque<Runnable> closers = new ArrayDeque<>();

  Assembly(ServeConfig config, EventLog log, SessionFactory sessions) {
    checkCpus(config.ioThreads());
    this.config = config;
    this.log = log;
    this.sessions = sessions;
    mainLoop = new MainLoop(AioConfig.mainLoop());
    closers.push(mainLoop::close);
  }

  private static void checkCpus(List<IoThreadConfig> ioThreads) {
    BitSet allowed = CpuAffinity.allowed();
    for (IoThreadConfig ioThread : ioThreads) {
      int cpu = ioThread.cpu();
      if (cpu != IoThreadConfig.ANY_CPU && !allowed.get(cpu)) {
        throw PlatterException.badInput(
            "IOThread " + ioThread.id() + " cannot run on CPU " + cpu,
            "This process may use CPUs " + allowed);
      }
    }
  }

  MainLoop mainLoop() {
    return mainLoop;
  }

  List<AioContext> loops() {
    List<AioContext> loops = new ArrayList<>();
    loops.add(mainLoop.context());
    ioThreads.values().forEach(ioThread -> loops.add(ioThread.context()));
    return loops;
  }

  List<RawImage> imagesOf(ExportConfig export) {
    Part part = parts.get(export.name());
    return part == null ? List.of() : part.images();
  }

  /** Makes loops, images and devices. */
  void assemble() {
    for (IoThreadConfig ioThread : config.ioThreads()) {
      start(ioThread);
    }
    Map<String, List<RawImage>> opened = new LinkedHashMap<>();
    for (ExportConfig export : config.exports()) {
      opened.put(export.name(), openImages(export));
    }
    Housekeeping housekeeping = new Housekeeping(mainLoop);
    closers.push(housekeeping::close);
    for (ExportConfig export : config.exports()) {
      List<RawImage> its = opened.getOrDefault(export.name(), List.of());
      ClientSession session =
          sessions.open(export, new SessionFactory.Parts(its, queueLoops(export), mainLoop, log));
      closers.push(session::close);
      parts.put(export.name(), new Part(export, its, session));
      its.forEach(image -> watch(housekeeping, export, image));
    }
  }

  private IoThread start(IoThreadConfig ioThread) {
    int cpu = ioThread.cpu();
    Runnable pin = cpu == IoThreadConfig.ANY_CPU ? () -> {} : () -> CpuAffinity.pin(cpu);
    IoThread thread = new IoThread(ioThread.id(), ioThread.loop(), pin);
    closers.push(thread::close);
    ioThreads.put(ioThread.id(), thread);
    return thread;
  }

  private List<RawImage> openImages(ExportConfig export) {
    List<RawImage> opened = new ArrayList<>();
    for (ImageConfig image : export.images()) {
      RawImage its = images.open(export.name(), image);
      closers.push(its::close);
      opened.add(its);
    }
    return opened;
  }

  private List<AioContext> queueLoops(ExportConfig export) {
    if (!(export instanceof ExportConfig.VirtioBlk disk)) {
      return List.of();
    }
    if (disk.ioThreads().isEmpty()) {
      return List.of(start(disk.ownIoThread()).context());
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

  private void watch(Housekeeping housekeeping, ExportConfig export, RawImage image) {
    image.addResizeListener(size -> {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("image", image.path());
      fields.put("bytes", size);
      log.event(Level.INFO, export.name(), "resized", fields);
    });
    housekeeping.add(image::checkForResize);
  }

  /** Makes or takes over all sockets; nobody is accepted yet. */
  void listen(Map<String, Integer> descriptors) {
    for (ExportConfig export : config.exports()) {
      UnixListener listener =
          switch (export.endpoint()) {
            case Endpoint.SocketPath(var path) -> UnixListener.bind(path);
            case Endpoint.Descriptor(int fd) -> UnixListener.inherited(fd);
            case Endpoint.Activated _ ->
                UnixListener.inherited(descriptors.getOrDefault(export.name(), -1));
          };
      closers.push(listener::close);
      listeners.put(export.name(), listener);
    }
  }

  /** Lets clients in. */
  void open() {
    listeners.forEach((name, listener) -> {
      Part part = parts.get(name);
      if (part != null) {
        servers.add(new ExportServer(name, listener, part.session(), log));
      }
    });
  }

  /**
   * Suspends all loops, at once. Those that are suspended are left alone.
   *
   * @return how many requests were in flight
   */
  int suspendLoops() {
    mainLoop.beginSuspend();
    ioThreads.values().forEach(IoThread::beginSuspend);
    int drained = mainLoop.suspend();
    for (IoThread ioThread : ioThreads.values()) {
      drained += ioThread.suspend();
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
      mainLoop.resume();
      ioThreads.values().forEach(IoThread::resume);
    } catch (PlatterException e) {
      suspendLoops();
      throw e;
    }
  }

  /** No client is served any more, and nothing is in flight. */
  void stopServing() {
    // All at once: one whose disk is slow to finish must not leave the others at work meanwhile.
    servers.forEach(ExportServer::disconnect);
    servers.forEach(ExportServer::close);
  }

  /** Closes whatever there is. Whatever fails does not keep the rest open. */
  void takeApart() {
    RuntimeException failure = null;
    while (!closers.isEmpty()) {
      try {
        closers.pop().run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
