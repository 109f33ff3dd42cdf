package dev.platter.emulator.server.config;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.export.EventLog;
import java.util.List;

/**
 * What the device of an export is made on.
 *
 * @param images the opened images, in the order of {@link ExportConfig#images}; they stay the
 *     server's to close, after the session
 * @param loops where its requests run, as its {@link ExportLoop} says
 * @param mainLoop whose big lock guards the device's registers, or what is set up: the server's, or
 *     its own
 */
public record DeviceParts(
    List<BlockBackend> images, List<AioContext> loops, MainLoop mainLoop, EventLog log) {}
