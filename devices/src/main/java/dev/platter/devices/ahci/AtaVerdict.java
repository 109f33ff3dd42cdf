package dev.platter.devices.ahci;

/** The next step of a command, as the disk has decided it. */
enum AtaVerdict {
  SUCCEED,
  /** The command fails, with ERROR field {@link CommandSlot#error}. */
  FAIL,
  /** {@link AtaDevice#page} goes to the guest, then {@link AtaDevice#copied} decides. */
  SEND_PAGE,
  /** {@link AtaDevice#page} is filled by the guest; then {@link AtaDevice#copied} decides. */
  FETCH_PAGE,
  /** The slot is submitted to the backend; then {@link AtaDevice#completed} decides. */
  SUBMIT
}
