package dev.platter.devices.ahci;

import dev.platter.devices.block.BlockRequest;
import org.jspecify.annotations.Nullable;

/**
 * A block request of a port: a piece of a command's data, in the chunk of the pool that it is tied
 * to, or one without data. It knows no guest memory: whoever takes its slot away has made an orphan
 * of it, whose end concerns nobody but the pool.
 */
final class Transfer extends BlockRequest {
  /** Who is told of a completion. */
  interface Listener {
    void completed(Transfer transfer, int result);
  }

  /** Its chunk, or {@link dev.platter.devices.block.BufferPool#NONE}. */
  final int chunk;

  private final Listener listener;

  /** Whose it is; null if it is free, or an orphan. */
  @Nullable CommandSlot slot;

  /** The slot's bit, also of an orphan. */
  int slotBit;

  // Which bytes of the command's data, and where in its PRD table they begin
  long offset;
  int length;
  int prdIndex;
  int prdOffset;

  /** What the backend has answered. */
  int result;

  /** What is known of a piece that cannot be read. */
  final UnreadableBlock search;

  Transfer(int chunk, int blockBytes, Listener listener) {
    super(1);
    search = new UnreadableBlock(blockBytes);
    this.chunk = chunk;
    this.listener = listener;
  }

  /** Whether it changes what is on the disk. */
  boolean changesDisk() {
    return operation() != Operation.READ && operation() != Operation.FLUSH;
  }

  @Override
  protected void completed(int result) {
    listener.completed(this, result);
  }
}
