package dev.platter.emulator.server.config;

import java.util.List;

/**
 * Which loop an export's requests run on. An export says it, and the server makes and closes the
 * loop.
 */
public sealed interface ExportLoop {
  /** How many loops its requests run on; an IOThread that is named twice counts twice. */
  default int count() {
    return 1;
  }

  /** A main loop of its own, whose big lock guards the device's registers (ADR 025). */
  record OwnMainLoop() implements ExportLoop {}

  /** An IOThread that no other export has; the server's big lock guards what is set up. */
  record OwnIoThread(IoThreadConfig thread) implements ExportLoop {}

  /**
   * IOThreads of the server's, which other exports may have, too.
   *
   * @param ids those that its queues are dealt to in turn, at least one
   * @param queues how many queues there are to be dealt
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
