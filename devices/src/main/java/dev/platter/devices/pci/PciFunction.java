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
 * <p>What a guest may do to a function by its configuration space is the function's business: bus
 * mastering and INTx disable (PCI Local Bus 3.0, 6.2.2), and which kind of interrupt is enabled
 * (6.8). A function whose guest has not made it a bus master neither reaches {@link #memory} nor
 * sends messages.
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

  /** How many interrupts there are. */
  PciVectors vectors();

  /**
   * What the function reaches by DMA. The server adds and removes ranges at any time, without the
   * big lock.
   */
  GuestMemory memory();

  /**
   * Ranges have been removed from {@link #memory}, and are unmapped once this returns. A function
   * that keeps something that it has looked up there forgets it.
   */
  default void memoryRemoved() {}

  /**
   * Says where interrupts go from now on; null for nowhere. A guest that is connected finds the
   * function as after power-on.
   */
  void connect(@Nullable PciInterrupts interrupts);

  /**
   * A reset of the function: everything as after power-on, but for {@link #connect} and {@link
   * #hold}. Waits for nothing; after it, no byte of guest memory is read or written for what was
   * begun before.
   */
  void reset();

  /** Starts no more requests until {@link #resume} has been called as often as this. */
  @Override
  void hold();

  /**
   * Has {@code action} run once, with the big lock held, as soon as no request is in flight; at
   * once if none is. Replaces an action that still waits.
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
