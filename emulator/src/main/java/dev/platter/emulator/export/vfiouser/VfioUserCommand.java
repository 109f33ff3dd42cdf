package dev.platter.emulator.export.vfiouser;

import org.jspecify.annotations.Nullable;

/** The commands of vfio-user ("Commands"), each with its number on the wire. */
public enum VfioUserCommand {
  /** Client: proposes a version and limits in the first message. */
  VERSION(1),

  /** Client: allows DMA to a range of its memory; may carry a descriptor to map. */
  DMA_MAP(2),

  /** Client: forbids DMA to a range; the device has let go of the range before the answer. */
  DMA_UNMAP(3),

  /** Client: asks for the kind of the device and its numbers of regions and interrupt types. */
  DEVICE_GET_INFO(4),

  /** Client: asks for a region's size and permitted accesses. */
  DEVICE_GET_REGION_INFO(5),

  /** Client: asks for ioeventfds in a region. */
  DEVICE_GET_REGION_IO_FDS(6),

  /** Client: asks for the number and the abilities of interrupts of a type. */
  DEVICE_GET_IRQ_INFO(7),

  /** Client: sets, masks or triggers interrupts; carries eventfds. */
  DEVICE_SET_IRQS(8),

  /** Client: a load from a region. */
  REGION_READ(9),

  /** Client: a store to a region. */
  REGION_WRITE(10),

  /** Server: reads client memory that it cannot map. Not sent by this server. */
  DMA_READ(11),

  /** Server: writes client memory that it cannot map. Not sent by this server. */
  DMA_WRITE(12),

  /** Client: resets the device. */
  DEVICE_RESET(13),

  /** Client: several small stores in one message. */
  REGION_WRITE_MULTI(15),

  /** Client: asks for or sets an optional feature, such as migration. */
  DEVICE_FEATURE(16),

  /** Client: reads the device's state for migration. */
  MIG_DATA_READ(17),

  /** Client: writes the device's state for migration. */
  MIG_DATA_WRITE(18);

  private static final @Nullable VfioUserCommand[] BY_CODE = byCode();

  private final int code;

  VfioUserCommand(int code) {
    this.code = code;
  }

  private static @Nullable VfioUserCommand[] byCode() {
    @Nullable VfioUserCommand[] table = new VfioUserCommand[MIG_DATA_WRITE.code + 1];
    for (VfioUserCommand command : values()) {
      table[command.code] = command;
    }
    return table;
  }

  /** Its number. */
  public int code() {
    return code;
  }

  /** The command with a number, or null if there is none. */
  public static @Nullable VfioUserCommand of(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
