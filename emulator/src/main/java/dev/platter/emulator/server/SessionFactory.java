package dev.platter.emulator.server;

import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.ExportConfig;
import org.jspecify.annotations.Nullable;

/** Makes the device of an export and the protocol in front of it. */
interface SessionFactory {
  /** The session that serves an export. */
  ClientSession open(ExportConfig export, DeviceParts parts);

  /** Where an export's stages are recorded; null if they are not. */
  default @Nullable ExportStages stages(String export) {
    return null;
  }

  /** An export is gone: nothing of it is needed any more. */
  default void forget(String export) {}
}
