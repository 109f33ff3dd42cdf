package dev.platter.aio.sim;

/** What a descriptor stands for. */
interface SimFile {
  /** The descriptor is closed. */
  void close();
}
