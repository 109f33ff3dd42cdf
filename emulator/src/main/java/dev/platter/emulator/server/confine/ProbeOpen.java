package dev.platter.emulator.server.confine;

import dev.platter.aio.sys.Errno;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.Server;
import java.io.File;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A hook for tests, behind the system property {@value #PROPERTY}: the server plays one that a
 * client has taken over. Each kind of thread tries to open the paths that the property lists, and
 * logs an event {@code probe-open} with what the kernel answered. Nothing is read: an opened file
 * is closed at once.
 */
public final class ProbeOpen {
  /** The system property: paths, with colons between them. */
  static final String PROPERTY = "platter.probe-open";

  private static final List<String> PATHS = paths(System.getProperty(PROPERTY, ""));

  private ProbeOpen() {}

  private static List<String> paths(String property) {
    return property.isEmpty() ? List.of() : List.of(property.split(File.pathSeparator, -1));
  }

  /** The log for the server to write to: an export's thread probes when a client has connected. */
  public static EventLog on(EventLog log) {
    return PATHS.isEmpty()
        ? log
        : (level, export, event, fields) -> {
          log.event(level, export, event, fields);
          if (event.equals("client-connected")) {
            probe("export", log);
          }
        };
  }

  /** Probes on the calling thread and on each loop's. The caller does not hold the big lock. */
  public static void fromInside(Server server, EventLog log) {
    if (!PATHS.isEmpty()) {
      probe("main", log);
      server.onEachLoop(loop -> probe(loop, log));
    }
  }

  private static void probe(String thread, EventLog log) {
    for (String path : PATHS) {
      int result = ConfinementCheck.tryOpen(path);
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("thread", thread);
      fields.put("path", path);
      fields.put("result", result < 0 ? Errno.name(result) : "opened");
      log.event(Level.WARNING, "", "probe-open", fields);
    }
  }
}
