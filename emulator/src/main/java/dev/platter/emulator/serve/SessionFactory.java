package dev.platter.emulator.serve;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the device of an export and the protocol in front of it. */
interface SessionFactory {
  /**
   * What a device is made on.
   *
   * @param images the opened images, in the order of {@link ExportConfig#images}; they stay the
   *     caller's to close, after the session
   * @param loops where its requests run: a virtio disk's queues in turn, or an AHCI controller
   * @param mainLoop whose big lock the device's registers are guarded by; an AHCI controller has it
   *     to itself
   */
  record Parts(
      List<BlockBackend> images, List<AioContext> loops, MainLoop mainLoop, EventLog log) {}

  /** The session that serves an export. */
  ClientSession open(ExportConfig export, Parts parts);

  /** Where an export's stages are recorded; null if they are not. */
  default @Nullable ExportStages stages(String export) {
    return null;
  }

  /** An export is gone: nothing of it is needed any more. */
  default void forget(String export) {}
}
