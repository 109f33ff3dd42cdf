package dev.platter.aio.loop;

import java.util.ArrayList;
import java.util.List;

/**
 * The clients of a loop, and whether they are held. For the loop's thread, or holders of its lock.
 */
final class LoopClients {
  private final List<LoopClient> clients = new ArrayList<>();
  private boolean held;

  /** Adds a client, unless it is there already; it is held if the others are. */
  void add(LoopClient client) {
    if (!clients.contains(client)) {
      clients.add(client);
      if (held) {
        client.hold();
      }
    }
  }

  void remove(LoopClient client) {
    clients.remove(client);
  }

  /**
   * Holds the clients, also those that are added from now on.
   *
   * @return how many requests are in flight
   */
  int hold() {
    held = true;
    for (LoopClient client : clients) {
      client.hold();
    }
    return inFlight();
  }

  /** Has the clients park long operations. */
  void park() {
    clients.forEach(LoopClient::park);
  }

  /** Resumes the clients. */
  void resume() {
    held = false;
    List.copyOf(clients).forEach(LoopClient::resume);
  }

  /** How many requests clients have in flight. */
  int inFlight() {
    int count = 0;
    for (LoopClient client : clients) {
      count += client.inFlight();
    }
    return count;
  }
}
