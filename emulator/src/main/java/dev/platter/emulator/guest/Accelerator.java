package dev.platter.emulator.guest;

import java.util.Locale;

/** The engine that runs the guest's instructions. */
public enum Accelerator {
  /** KVM if KVM really runs the guest, else TCG. */
  AUTO,
  /** The processor's virtualization, through /dev/kvm. */
  KVM,
  /** QEMU's translator: works everywhere, many times slower. */
  TCG;

  /** As the command line and the JSON name it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
