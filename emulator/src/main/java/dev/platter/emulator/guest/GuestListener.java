package dev.platter.emulator.guest;

import dev.platter.guestimages.GuestConsole;

/** Hears of a guest's progress, on the thread of its console; must not block. */
public interface GuestListener {
  /** A listener that does nothing. */
  GuestListener NONE = new GuestListener() {};

  /**
   * The guest has come up, before its first job begins.
   *
   * @param accelerator the engine that runs it
   * @param kernelRelease its kernel's version
   */
  default void up(Accelerator accelerator, String kernelRelease) {}

  /** A job has begun. */
  default void jobBegun(int number, QemuProcess qemu) {}

  /** A job has ended, with its result. */
  default void jobEnded(GuestConsole.Result result, QemuProcess qemu) {}

  /** A line that a job printed. */
  default void jobLine(String line, QemuProcess qemu) {}
}
