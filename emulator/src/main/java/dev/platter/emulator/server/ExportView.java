package dev.platter.emulator.server;

import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.server.config.ExportKind;
import java.util.List;

/**
 * An export as it is at the moment.
 *
 * @param name what events call it
 * @param kind the kind of device
 * @param socket where its clients come from
 * @param images its images, in the order of its disks; they may be closed when the export is gone
 * @param connected whether a client is served
 * @param clientPid that client's process id; -1 for none
 * @param clientWaits whether another client waits for that one to leave
 * @param connections how many clients it has accepted so far
 * @param droppedConnections how many of them did not leave by themselves: they broke the protocol
 *     or their connection, or found a bug
 * @param loops the names of the loops that its requests run on
 */
public record ExportView(
    String name,
    ExportKind kind,
    String socket,
    List<BlockBackend> images,
    boolean connected,
    int clientPid,
    boolean clientWaits,
    long connections,
    long droppedConnections,
    List<String> loops) {
  /** Copies the lists. */
  public ExportView {
    images = List.copyOf(images);
    loops = List.copyOf(loops);
  }
}
