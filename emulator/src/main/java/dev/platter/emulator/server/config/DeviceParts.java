package dev.platter.emulator.server.config;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.export.EventLog;
import java.util.List;

/**
 * The parts that the device of an export is made with.
 *
 * @param images the opened images, in the order of {@link ExportConfig#images}; they stay the
 *     server's to close, after the session
 * @param loops the loops of its requests, as its {@link ExportLoop} asks for
 * @param mainLoop the loop whose big lock guards the device's registers or its set-up: the
 *     server's, or its own
 */
public record DeviceParts(
    List<BlockBackend> images, List<AioContext> loops, MainLoop mainLoop, EventLog log) {}
