package dev.platter.aio.loop;

import java.util.ArrayList;
import java.util.List;

/**
 * The clients of a loop, and whether they are held back. For the loop's thread, or holders of its
 * lock.
 */
final class LoopClients {
  private final List<LoopClient> clients = new ArrayList<>();
  private boolean pausing;

  /** Adds a client, unless it is there already; it pauses if the others do. */
  void add(LoopClient client) {
    if (!clients.contains(client)) {
      clients.add(client);
      if (pausing) {
        client.pause();
      }
    }
  }

  void remove(LoopClient client) {
    clients.remove(client);
  }

  /**
   * Clients start no more requests, nor do those that are added.
   *
   * @return how many requests are in flight
   */
  int pause() {
    pausing = true;
    for (LoopClient client : clients) {
      client.pause();
    }
    return inFlight();
  }

  /** Clients that pause put what takes long aside. */
  void park() {
    clients.forEach(LoopClient::park);
  }

  /** Clients go on. */
  void resume() {
    pausing = false;
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
