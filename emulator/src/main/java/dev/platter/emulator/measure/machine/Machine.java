package dev.platter.emulator.measure.machine;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import dev.platter.aio.sys.Syscalls;
import dev.platter.aio.trace.TraceEvents;
import dev.platter.devices.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A small machine: RAM at 0, an MMIO bus above it, a main loop, IOThreads and vCPUs. Devices are
 * mapped on {@link #bus()} and told their lines before a vCPU starts.
 *
 * <p>{@link #close} goes from the outside in, after the vCPUs have ended: attached devices are
 * closed on the main loop in reverse order, then the IOThreads, then the main loop, and last, when
 * nothing is in flight, RAM.
 */
public final class Machine implements AutoCloseable {
  /** Where AHCI register blocks are mapped. */
  public static final long AHCI_BASE = 0xfebf_0000L;

  /** Where virtio-mmio register blocks are mapped. */
  public static final long VIRTIO_MMIO_BASE = 0xfeb0_0000L;

  private final MachineConfig config;
  private final Mapping ram;
  private final GuestMemory memory;
  private final MainLoop mainLoop;
  private final List<IoThread> ioThreads = new ArrayList<>();
  private final MmioBus bus;
  private @Nullable Housekeeping housekeeping;
  private @Nullable Activity activity;
  private final List<AutoCloseable> attached = new ArrayList<>();
  private boolean closed;

  /**
   * Makes a machine and starts its loops.
   *
   * @throws PlatterException if there is not enough memory or the kernel refuses a ring
   */
  public Machine(MachineConfig config) {
    this.config = config;
    try {
      ram = Mapping.anonymous(config.ramBytes());
    } catch (ErrnoException e) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "no memory for " + config.ramBytes() + " bytes of guest RAM: " + e.getMessage(),
          "Use a smaller --iodepth or --bs",
          e);
    }
    memory = new GuestMemory(List.of(new GuestMemory.Region(0, ram.segment())));
    mainLoop = startMainLoop();
    bus = new MmioBus(mainLoop.lock());
    if (config.stamps()) {
      bus.stampStores();
      TraceEvents.want();
    }
    try {
      for (int i = 0; i < config.ioThreads(); i++) {
        ioThreads.add(new IoThread("iothread" + i, config.ioThread()));
      }
    } catch (PlatterException e) {
      close();
      throw e;
    }
    housekeeping = new Housekeeping(mainLoop);
  }

  private MainLoop startMainLoop() {
    try {
      return new MainLoop(config.mainLoop());
    } catch (PlatterException e) {
      ram.close();
      throw e;
    }
  }

  /** Guest RAM. */
  public GuestMemory memory() {
    return memory;
  }

  /** The MMIO bus. */
  public MmioBus bus() {
    return bus;
  }

  /** The main loop. */
  public MainLoop mainLoop() {
    return mainLoop;
  }

  /** The IOThreads' loops. */
  public List<AioContext> ioThreadContexts() {
    return ioThreads.stream().map(IoThread::context).toList();
  }

  /** Makes a vCPU, which does not run yet. */
  public Vcpu newVcpu() {
    Vcpu cpu = new Vcpu(bus, memory, config.haltPollNanos());
    if (config.stamps()) {
      cpu.stampInterrupts();
    }
    return cpu;
  }

  /** Runs {@code body} on the main loop, under the big lock, and waits for it. */
  public void onMainLoop(Runnable body) {
    mainLoop.context().invoke(body);
  }

  /** Closes {@code device} with the machine, on the main loop; the last attached goes first. */
  public void attach(AutoCloseable device) {
    attached.add(device);
  }

  /** Wakes the main loop every {@code periodNanos} or so, until the machine is closed. */
  public void addActivity(long periodNanos) {
    activity = new Activity(mainLoop, periodNanos);
  }

  /** Runs {@code task} on the main loop about twice a second. */
  public void addHousekeeping(Runnable task) {
    if (housekeeping == null) {
      throw new IllegalStateException("the machine is not set up");
    }
    housekeeping.add(task);
  }

  /**
   * Runs a guest program on a vCPU's own thread until it ends.
   *
   * @throws RuntimeException that the program threw
   */
  public void run(Vcpu cpu, String name, Vcpu.Program program) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread.ofPlatform()
        .name(name)
        .daemon()
        .start(() -> {
          // A guest's timer interrupts come on time, as io_uring's timeouts do.
          Syscalls.wakeOnTime();
          try {
            program.run(cpu);
            ended.complete(null);
          } catch (RuntimeException | Error e) {
            ended.completeExceptionally(e);
          }
        });
    try {
      ended.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (activity != null) {
      activity.close();
    }
    if (housekeeping != null) {
      housekeeping.close();
    }
    onMainLoop(() -> {
      for (AutoCloseable device : attached.reversed()) {
        closeQuietly(device);
      }
    });
    ioThreads.forEach(IoThread::close);
    mainLoop.close();
    ram.close();
  }

  private static void closeQuietly(AutoCloseable device) {
    try {
      device.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("closing " + device, e);
    }
  }
}
