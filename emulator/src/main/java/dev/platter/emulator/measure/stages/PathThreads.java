package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.emulator.host.NativeName;
import java.util.function.Predicate;

/**
 * The threads that a device's requests are done by, by the names that the kernel has for them.
 *
 * @param loop whether a thread is one whose loop does the I/O
 * @param vcpu whether a thread is a vCPU, or the one that plays it for a guest elsewhere
 */
public record PathThreads(Predicate<String> loop, Predicate<String> vcpu) {
  /** Of a device in a machine of our own, whose loops' threads are called as their lane is. */
  static PathThreads of(TracedDevice device) {
    return device.entry() == TracedDevice.Entry.CALL
        ? new PathThreads("raw"::equals, "raw"::equals)
        : new PathThreads(
            comm -> comm.startsWith(device.loopLane()), comm -> comm.startsWith("vcpu"));
  }

  /**
   * Of a disk that is served.
   *
   * @param export the export's name
   * @param loop the loop's name
   */
  public static PathThreads ofExport(String export, String loop) {
    return new PathThreads(
        comm -> NativeName.same(loop, comm), comm -> NativeName.same("export-" + export, comm));
  }

  /** Those without which the stage that ends at a stamp does not go on. */
  Predicate<String> of(TracedDevice device, Stamp end) {
    if (device.takesBigLock(end)) {
      return loop.or(vcpu);
    }
    return device.lane(end).equals("vcpu") ? vcpu : loop;
  }
}
