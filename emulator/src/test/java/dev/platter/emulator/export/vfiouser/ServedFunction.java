package dev.platter.emulator.export.vfiouser;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.PciFunction;
import dev.platter.emulator.export.Refusals;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A server of one PCI function, a client connected to it by a socket pair, and the memory of the
 * client's guest: a memfd that is RAM from 0 on.
 */
class ServedFunction implements AutoCloseable {
  static final int RAM_BYTES = 8 << 20;
  static final int READ_WRITE = 3;
  static final int SET_EVENTFD = 4 | 32;
  private static final int WAIT_MILLIS = 30_000;

  final MainLoop mainLoop = new MainLoop(AioConfig.mainLoop());
  final GuestMemory deviceMemory;
  final VfioUserSession session;
  final List<String> events = new CopyOnWriteArrayList<>();
  final int memfd = Libc.memfdCreate("guest-ram", LinuxAbi.MFD_CLOEXEC);
  final Mapping ram;
  final GuestMemory memory;
  VfioUserClient client;
  Thread server = new Thread(() -> {});
  private CompletableFuture<Void> served = new CompletableFuture<>();
  private final Arena arena = Arena.ofAuto();

  /**
   * Serves a function.
   *
   * @param newFunction makes it, for the loop that it is to use
   * @param maxGuestBytes how much memory the client may lend
   */
  ServedFunction(Function<MainLoop, ? extends PciFunction> newFunction, long maxGuestBytes) {
    PciFunction function = newFunction.apply(mainLoop);
    deviceMemory = function.memory();
    session =
        new VfioUserSession(
            mainLoop,
            maxGuestBytes,
            function,
            32_768,
            new Refusals((level, export, event, fields) -> events.add(event + fields), "disk"));
    Libc.ftruncate(memfd, RAM_BYTES);
    try {
      ram = Mapping.shared(memfd, 0, RAM_BYTES, true);
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
    memory = new GuestMemory(List.of(new GuestMemory.Region(0, ram.segment())));
    client = connect();
  }

  /** Another client, once the one before has left. */
  VfioUserClient connect() {
    try {
      UnixConnection[] pair = UnixConnection.pair();
      CompletableFuture<Void> end = new CompletableFuture<>();
      served = end;
      server =
          Thread.ofPlatform()
              .name("vfio-user-test")
              .start(() -> {
                Throwable failure = null;
                try {
                  session.serve(pair[1]);
                } catch (IOException | RuntimeException | Error e) {
                  failure = e;
                }
                pair[1].close();
                if (failure == null) {
                  end.complete(null);
                } else {
                  end.completeExceptionally(failure);
                }
              });
      client = new VfioUserClient(pair[0], memory);
      return client;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  void mapRam() {
    expect(client.dmaMap(0, RAM_BYTES, 0, READ_WRITE, memfd));
  }

  static void expect(int errno) {
    if (errno != 0) {
      throw new AssertionError("errno " + errno);
    }
  }

  /** Waits until the session has ended; what it threw, as its message, or "". */
  String end() {
    try {
      served.get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
      return "";
    } catch (java.util.concurrent.ExecutionException e) {
      if (e.getCause() instanceof IOException violation) {
        return String.valueOf(violation.getMessage());
      }
      throw new AssertionError("the session died", e.getCause());
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError("the session does not end", e);
    }
  }

  /** The client leaves, and the session with it. */
  void leave() {
    client.close();
    end();
  }

  /** Runs something with the big lock held, as completions do. */
  void onMainLoop(Runnable body) {
    mainLoop.context().invoke(body);
  }

  /** Waits for an eventfd; its counter. */
  long await(EventNotifier eventfd) {
    long value = poll(eventfd, WAIT_MILLIS);
    if (value == 0) {
      throw new AssertionError("no interrupt");
    }
    return value;
  }

  /** An eventfd's counter now; 0 if it was not signalled. */
  long signals(EventNotifier eventfd) {
    return poll(eventfd, 0);
  }

  private long poll(EventNotifier eventfd, int millis) {
    MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, eventfd.fd());
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
    if (Libc.poll(pollfd.address(), 1, millis) != 1) {
      return 0;
    }
    MemorySegment counter = arena.allocate(JAVA_LONG);
    Libc.read(eventfd.fd(), counter.address(), Long.BYTES);
    return counter.get(JAVA_LONG, 0);
  }

  /** The client leaves, and its session ends. */
  final void disconnect() {
    client.close();
    try {
      server.join(WAIT_MILLIS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Closes what the function was made on. */
  final void closeMachine() {
    mainLoop.close();
    ram.close();
    Libc.close(memfd);
  }

  @Override
  public void close() {
    disconnect();
    session.close();
    closeMachine();
  }
}
