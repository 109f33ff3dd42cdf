package dev.platter.devices.driver;

import dev.platter.devices.memory.GuestMemory;

/** All that guest code can do: MMIO loads and stores, and RAM. */
public interface GuestCpu {
  /** A 32-bit MMIO load. */
  int load32(long guestAddress);

  /** A 32-bit MMIO store. */
  void store32(long guestAddress, int value);

  /** The guest's RAM. */
  GuestMemory memory();
}
