package dev.platter.devices.pci;

import dev.platter.aio.loop.LoopClient;
import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.memory.GuestMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A PCI function as its server sees it: registers to access, interrupts to pass on, memory to lend.
 * A device that implements this can be served over vfio-user; the server asks for nothing else.
 *
 * <p>The function itself implements what a guest controls by the configuration space: bus mastering
 * and INTx disable (PCI Local Bus 3.0, 6.2.2), and which kind of interrupt is enabled (6.8). A
 * function whose guest has not made it a bus master neither reaches {@link #memory} nor sends
 * messages.
 *
 * <p>No request that a backend has names guest memory (ADR 034). A function looks memory up and
 * copies from or to it in one hold of the big lock, so that memory can be taken away, and the
 * function reset, without waiting for storage.
 *
 * <p>Threading: the big lock is held for every call, but not for {@link #config}, {@link #bars},
 * {@link #vectors} and {@link #memory}, which return the same each time. No call blocks, and
 * nothing that a guest does makes one throw.
 */
public interface PciFunction extends LoopClient, AutoCloseable {
  /** Configuration space, {@link PciConfig#SIZE_BYTES} long. */
  MmioDevice config();

  /** The BARs that are there. */
  List<PciBar> bars();

  /** The number of interrupts of each kind. */
  PciVectors vectors();

  /**
   * The target of the function's DMA. The server adds and removes ranges at any time, without the
   * big lock.
   */
  GuestMemory memory();

  /**
   * Ranges have been removed from {@link #memory}, and are unmapped once this returns. The function
   * drops all that it has cached of them.
   */
  default void memoryRemoved() {}

  /**
   * Sets where interrupts go; null for nowhere. A guest that connects finds the function in its
   * power-on state.
   */
  void connect(@Nullable PciInterrupts interrupts);

  /**
   * Resets everything to the power-on state, but for {@link #connect} and {@link #hold}. Waits for
   * nothing. From then on, commands that have begun before neither read nor write guest memory.
   */
  void reset();

  /** Starts no more requests until {@link #resume} was called as often as this. */
  @Override
  void hold();

  /**
   * Runs {@code action} once, with the big lock held, as soon as no request is in flight; at once
   * if none is. Replaces an action that still waits.
   */
  void whenIdle(Runnable action);

  /**
   * Frees what the function has; its backends stay open. Idempotent.
   *
   * @throws IllegalStateException if {@link #inFlight} is not 0
   */
  @Override
  void close();
}
