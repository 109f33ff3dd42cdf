package dev.platter.devices.block;

/** What a {@link BlockRequest} does. */
public enum Operation {
  READ,
  WRITE,
  FLUSH,
  DISCARD,
  WRITE_ZEROES
}
