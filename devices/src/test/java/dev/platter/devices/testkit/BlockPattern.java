package dev.platter.devices.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.memory.GuestMemory;

/** Blocks of 4 KiB in guest memory, each filled with one value. */
public final class BlockPattern {
  /** The length of a block. */
  public static final int BYTES = 4096;

  private static final long EACH_BYTE = 0x0101010101010101L;

  private BlockPattern() {}

  /** Fills a block with a byte. */
  public static void fill(GuestMemory memory, long address, int value) {
    for (int i = 0; i < BYTES; i += Long.BYTES) {
      memory.writeLong(address + i, value * EACH_BYTE);
    }
  }

  /** Checks that a block is as {@link #fill} has left it. */
  public static void check(GuestMemory memory, long address, int value) {
    for (int i = 0; i < BYTES; i += Long.BYTES) {
      assertThat(memory.readLong(address + i))
          .as("guest address %x", address + i)
          .isEqualTo(value * EACH_BYTE);
    }
  }
}
