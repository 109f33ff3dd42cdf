package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.AdaptivePolling;
import dev.platter.aio.sys.FutexWord;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.driver.GuestCpu;
import dev.platter.devices.memory.GuestMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * A virtual CPU: a thread that runs guest code. Guest code loads, stores, takes interrupts and
 * halts; it reaches the machine in no other way. Interrupts are level-triggered, and the guest
 * takes them when it halts or opens an interrupt window. A handler must clear the interrupt at its
 * device, or it is called again.
 *
 * <p>A halted vCPU spins before its thread sleeps, as long as recent spins have paid off, as KVM
 * does (halt_poll_ns). Halting, waking and interrupting allocate nothing.
 */
public final class Vcpu implements GuestCpu {
  private static final int AWAKE = 0;
  private static final int ASLEEP = 1;
  private static final VarHandle ASSERTED;

  static {
    try {
      ASSERTED = MethodHandles.lookup().findVarHandle(Vcpu.class, "asserted", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Guest code, from reset to the end. */
  @FunctionalInterface
  public interface Program {
    /** Runs on the vCPU's thread. */
    void run(Vcpu cpu);
  }

  private final class Line implements IrqLine {
    private final int bit;

    Line(int bit) {
      this.bit = bit;
    }

    @Override
    public void raise() {
      if (stamps) {
        // The time is written before the line is raised, so that each reader of the interrupt sees
        // the time, too.
        raisedNanos.setOpaque(Integer.numberOfTrailingZeros(bit), System.nanoTime());
      }
      ASSERTED.getAndBitwiseOr(Vcpu.this, bit);
      // Store then load, as in halt(): either this thread sees the vCPU asleep, or the vCPU sees
      // the interrupt.
      if (state.get() == ASLEEP && state.compareAndSet(ASLEEP, AWAKE)) {
        state.wakeOne();
      }
    }

    @Override
    public void lower() {
      ASSERTED.getAndBitwiseAnd(Vcpu.this, ~bit);
    }
  }

  private final MmioBus bus;
  private final GuestMemory memory;
  private final AdaptivePolling polling;
  private final FutexWord state = new FutexWord();
  private final @Nullable Runnable[] handlers = new Runnable[32];

  private final AtomicLongArray raisedNanos = new AtomicLongArray(32);
  private boolean stamps;

  // Bits of the lines with a handler; only the vCPU uses them.
  private int unmasked;

  @SuppressWarnings("unused") // through ASSERTED
  private int asserted;

  Vcpu(MmioBus bus, GuestMemory memory, long haltPollNanos) {
    this.bus = bus;
    this.memory = memory;
    this.polling = AdaptivePolling.ofVcpu(haltPollNanos);
  }

  /** From now on, notes when lines are raised; called before the vCPU runs. */
  void stampInterrupts() {
    stamps = true;
  }

  /** When a line was last raised, by {@link System#nanoTime}; 0 if times are not noted. */
  public long raisedNanos(int line) {
    return raisedNanos.getOpaque(line);
  }

  /**
   * An interrupt line into this vCPU.
   *
   * @param number 0 to 31
   */
  public IrqLine line(int number) {
    return new Line(1 << number);
  }

  @Override
  public int load32(long guestAddress) {
    return (int) bus.load(guestAddress, Integer.BYTES);
  }

  @Override
  public void store32(long guestAddress, int value) {
    bus.store(guestAddress, Integer.BYTES, Integer.toUnsignedLong(value));
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  /** Installs the handler of an interrupt line; without one the line stays masked. */
  public void setInterruptHandler(int line, Runnable handler) {
    handlers[line] = handler;
    unmasked |= 1 << line;
  }

  /**
   * Opens an interrupt window: runs the handlers of the lines that are asserted now.
   *
   * @return whether any line was asserted
   */
  public boolean takeInterrupts() {
    int pending = (int) ASSERTED.getVolatile(this) & unmasked;
    boolean any = false;
    while (pending != 0) {
      int line = Integer.numberOfTrailingZeros(pending);
      pending &= pending - 1;
      Runnable handler = handlers[line];
      if (handler != null) {
        handler.run();
        any = true;
      }
    }
    return any;
  }

  /**
   * Halts until an interrupt arrives or {@code deadlineNanos} has come, and takes the interrupt.
   *
   * @param deadlineNanos on the clock of {@link System#nanoTime}
   * @return whether an interrupt was taken
   */
  public boolean halt(long deadlineNanos) {
    if (takeInterrupts()) {
      return true;
    }
    long start = System.nanoTime();
    boolean interrupted = spin(start, deadlineNanos) || sleep(deadlineNanos);
    if (polling.enabled()) {
      polling.adjust(System.nanoTime() - start);
    }
    return interrupted && takeInterrupts();
  }

  private boolean interruptPending() {
    return ((int) ASSERTED.getVolatile(this) & unmasked) != 0;
  }

  private boolean spin(long start, long deadlineNanos) {
    long budget = Math.min(polling.nanos(), deadlineNanos - start);
    while (System.nanoTime() - start < budget) {
      if (interruptPending()) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  private boolean sleep(long deadlineNanos) {
    while (!interruptPending()) {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      state.set(ASLEEP);
      if (!interruptPending()) {
        state.await(ASLEEP, left);
      }
      state.set(AWAKE);
    }
    return true;
  }

  /** Lets {@code nanos} pass and takes interrupts meanwhile, as a guest's usleep does. */
  public void pause(long nanos) {
    long deadline = System.nanoTime() + nanos;
    while (deadline - System.nanoTime() > 0) {
      halt(deadline);
    }
  }
}
