package dev.platter.emulator.guest;

import dev.platter.guestimages.GuestConsole;

/** Told how a guest gets on, on the thread of its console; must not wait for anything. */
public interface GuestListener {
  /** A listener that does nothing. */
  GuestListener NONE = new GuestListener() {};

  /**
   * The guest has come up, before its first job begins.
   *
   * @param accelerator what runs it
   * @param kernelRelease its kernel's version
   */
  default void up(Accelerator accelerator, String kernelRelease) {}

  /** A job has begun. */
  default void jobBegun(int number, QemuProcess qemu) {}

  /** A job has ended, and this is what came of it. */
  default void jobEnded(GuestConsole.Result result, QemuProcess qemu) {}

  /** A line that a job printed. */
  default void jobLine(String line, QemuProcess qemu) {}
}
