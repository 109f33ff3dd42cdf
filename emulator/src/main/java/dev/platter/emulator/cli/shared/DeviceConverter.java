package dev.platter.emulator.cli.shared;

import dev.platter.emulator.measure.workload.DeviceKind;

/** Reads a kind of device that workloads run on. */
public final class DeviceConverter extends ChoiceConverter<DeviceKind> {
  /** For picocli. */
  DeviceConverter() {
    super(DeviceKind.class);
  }
}
