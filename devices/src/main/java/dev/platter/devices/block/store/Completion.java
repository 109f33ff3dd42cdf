package dev.platter.devices.block.store;

/** The end of one request to a store. */
@FunctionalInterface
public interface Completion {
  /**
   * Ends the request; called once. Any thread, also from within the method that began the request.
   *
   * @param result 0, or {@code -errno} as {@link dev.platter.aio.sys.Errno} has it; {@code -EIO} if
   *     no other errno fits
   */
  void complete(int result);
}
