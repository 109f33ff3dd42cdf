package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.emulator.host.NativeName;
import java.util.function.Predicate;

/**
 * The threads that carry out a device's requests, by the kernel's names of threads.
 *
 * @param loop whether a thread's loop does the I/O
 * @param vcpu whether a thread is a vCPU, or plays the vCPU for a remote guest
 */
public record PathThreads(Predicate<String> loop, Predicate<String> vcpu) {
  /**
   * The threads of a device in a machine of this process, where a loop's thread has the name of its
   * lane.
   */
  static PathThreads of(TracedDevice device) {
    return device.entry() == TracedDevice.Entry.CALL
        ? new PathThreads("raw"::equals, "raw"::equals)
        : new PathThreads(
            comm -> comm.startsWith(device.loopLane()), comm -> comm.startsWith("vcpu"));
  }

  /**
   * The threads of a served disk.
   *
   * @param export the export's name
   * @param loop the loop's name
   */
  public static PathThreads ofExport(String export, String loop) {
    return new PathThreads(
        comm -> NativeName.same(loop, comm), comm -> NativeName.same("export-" + export, comm));
  }

  /** The threads that the stage that ends at a stamp needs to go on. */
  Predicate<String> of(TracedDevice device, Stamp end) {
    if (device.takesBigLock(end)) {
      return loop.or(vcpu);
    }
    return device.lane(end).equals("vcpu") ? vcpu : loop;
  }
}
