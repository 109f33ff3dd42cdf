package dev.platter.emulator.server;

import dev.platter.emulator.export.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Keeps events, and lets a test wait for one. */
final class RecordingLog implements EventLog {
  record Event(Level level, String export, String name, Map<String, Object> fields) {}

  private final List<Event> events = new ArrayList<>();

  @Override
  public synchronized void event(
      Level level, String export, String event, Map<String, Object> fields) {
    events.add(new Event(level, export, event, fields));
    notifyAll();
  }

  synchronized List<Event> all() {
    return List.copyOf(events);
  }

  List<String> names() {
    return all().stream().map(Event::name).toList();
  }

  /** Waits for an event, also one from before; a test that waits in vain runs into its timeout. */
  synchronized Event await(Predicate<Event> which) throws InterruptedException {
    while (true) {
      for (Event event : events) {
        if (which.test(event)) {
          return event;
        }
      }
      wait();
    }
  }

  Event await(String name) throws InterruptedException {
    return await(event -> event.name().equals(name));
  }
}
