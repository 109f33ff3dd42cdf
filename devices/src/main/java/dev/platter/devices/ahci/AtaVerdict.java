package dev.platter.devices.ahci;

/** What the disk wants done with a command next. */
enum AtaVerdict {
  /** The command is done. */
  SUCCEED,
  /** The command fails, with ERROR field {@link CommandSlot#error}. */
  FAIL,
  /** {@link AtaDevice#page} goes to the guest, then {@link AtaDevice#copied} says what is next. */
  SEND_PAGE,
  /** {@link AtaDevice#page} is filled by the guest; {@link AtaDevice#copied} says what is next. */
  FETCH_PAGE,
  /** The backend does what the slot was prepared for; {@link AtaDevice#completed} is next. */
  SUBMIT
}
