package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.text.Units;

/** Whether a disk and its driver can carry out requests of the sizes that a workload wants. */
final class RequestSizes {
  private RequestSizes() {}

  /**
   * Checks sizes.
   *
   * @param unitBytes the common divisor of all sizes and offsets
   * @param maxBytes the largest request
   * @param option the option that gives the sizes
   * @throws PlatterException of kind BAD_INPUT if the sizes do not fit
   */
  static void check(IoTarget target, int unitBytes, int maxBytes, String option) {
    if (target.capacityBytes() < maxBytes) {
      throw PlatterException.badInput(
          "the image of "
              + target.capacityBytes()
              + " bytes is smaller than one request: "
              + option
              + " is "
              + Units.sizeOption(maxBytes),
          "Give a smaller " + option + " or a larger image");
    }
    if (maxBytes > target.maxTransferBytes()) {
      throw PlatterException.badInput(
          option
              + " "
              + Units.sizeOption(maxBytes)
              + ": requests of "
              + maxBytes
              + " bytes are more than this disk's driver takes at a time ("
              + target.maxTransferBytes()
              + ")",
          "Give a smaller " + option + ", or another --device");
    }
    if (unitBytes % target.blockSizeBytes() != 0) {
      throw PlatterException.badInput(
          option
              + ": requests in units of "
              + unitBytes
              + " bytes do not fit the disk's blocks of "
              + target.blockSizeBytes(),
          "Use multiples of that, or --logical-block-size 512");
    }
  }
}
