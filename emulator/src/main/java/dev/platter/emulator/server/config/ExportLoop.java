package dev.platter.emulator.server.config;

import java.util.List;

/**
 * The loop that an export's requests run on. An export asks for it, and the server makes and closes
 * the loop.
 */
public sealed interface ExportLoop {
  /** The number of loops that its requests run on; an IOThread that is named twice counts twice. */
  default int count() {
    return 1;
  }

  /** A main loop of its own, whose big lock guards the device's registers (ADR 025). */
  record OwnMainLoop() implements ExportLoop {}

  /** An IOThread of this export alone; the server's big lock guards the set-up. */
  record OwnIoThread(IoThreadConfig thread) implements ExportLoop {}

  /**
   * IOThreads of the server, which other exports may have, too.
   *
   * @param ids the IOThreads that its queues are assigned to in turn, at least one
   * @param queues the number of queues
   */
  record IoThreads(List<String> ids, int queues) implements ExportLoop {
    /** Copies the list. */
    public IoThreads {
      ids = List.copyOf(ids);
    }

    @Override
    public int count() {
      return ids.size();
    }
  }
}
