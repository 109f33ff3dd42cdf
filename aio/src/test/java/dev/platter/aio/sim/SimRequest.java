package dev.platter.aio.sim;

import org.jspecify.annotations.Nullable;

/**
 * A request that a ring has taken.
 *
 * @param ring the ring that gets the completion
 * @param file the file it is for; null for a NOP
 * @param opcode of IoUringAbi
 * @param offset in the file
 * @param address of its buffer or iovecs, or the length of a fallocate
 * @param length of the buffer, the number of iovecs, or the mode of a fallocate
 * @param userData what the completion carries back
 */
record SimRequest(
    SimRing ring,
    @Nullable SimFile file,
    int opcode,
    long offset,
    long address,
    int length,
    long userData) {
  int perform(Choices choices) {
    return file instanceof SimHostFile host ? host.perform(this, choices) : 0;
  }
}
