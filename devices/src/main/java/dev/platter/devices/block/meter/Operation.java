package dev.platter.devices.block.meter;

/** What a request of a disk does. */
public enum Operation {
  READ,
  WRITE,
  FLUSH,
  DISCARD,
  WRITE_ZEROES
}
