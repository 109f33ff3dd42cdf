package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.Mistakes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Listening sockets passed by systemd (sd_listen_fds(3)): descriptors from 3 on, counted by
 * LISTEN_FDS, meant for the process LISTEN_PID, called as LISTEN_FDNAMES says.
 */
public final class SystemdSockets {
  private static final int FIRST_FD = 3;
  private static final int MOST = 1024;

  private final List<String> names;

  private SystemdSockets(List<String> names) {
    this.names = names;
  }

  /** None. */
  public static SystemdSockets none() {
    return new SystemdSockets(List.of());
  }

  /**
   * Reads what was passed to a process.
   *
   * @param environment its environment
   * @param pid its process id; sockets for another are not ours
   * @throws PlatterException of kind BAD_INPUT if the variables contradict each other
   */
  public static SystemdSockets of(Map<String, String> environment, long pid) {
    String count = environment.get("LISTEN_FDS");
    if (count == null || !Long.toString(pid).equals(environment.get("LISTEN_PID"))) {
      return none();
    }
    int passed = parse(count);
    String list = environment.get("LISTEN_FDNAMES");
    List<String> names = new ArrayList<>();
    if (list == null) {
      for (int i = 0; i < passed; i++) {
        names.add("");
      }
    } else if (passed > 0) {
      names.addAll(List.of(list.split(":", -1)));
    }
    if (names.size() != passed) {
      throw PlatterException.badInput(
          "LISTEN_FDS=" + count + ", but LISTEN_FDNAMES=" + list + " has " + names.size(), null);
    }
    return new SystemdSockets(names);
  }

  private static int parse(String count) {
    try {
      int passed = Integer.parseInt(count);
      if (passed >= 0 && passed <= MOST) {
        return passed;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw PlatterException.badInput(
        "LISTEN_FDS=" + count + " is no number of descriptors", "Unset it, or let systemd set it");
  }

  /** Whether none were passed. */
  boolean isEmpty() {
    return names.isEmpty();
  }

  /**
   * Deals the sockets out: first to exports that name one, then to those called as a socket is,
   * then in order.
   *
   * @return the descriptor of each export that takes one, by the export's name
   * @throws PlatterException of kind BAD_INPUT if there are too few or too many
   */
  Map<String, Integer> assign(List<ExportConfig> exports) {
    Mistakes mistakes = new Mistakes();
    Map<String, Integer> assigned = assign(exports, mistakes);
    mistakes.refuse();
    return assigned;
  }

  /**
   * Deals the sockets out as far as they go.
   *
   * @param mistakes gets what is missing, and what is left
   * @return as {@link #assign(List)}
   */
  Map<String, Integer> assign(List<ExportConfig> exports, Mistakes mistakes) {
    boolean[] taken = new boolean[names.size()];
    boolean complete = true;
    for (ExportConfig export : exports) {
      if (export.endpoint() instanceof Endpoint.Descriptor(int fd) && isOurs(fd)) {
        taken[fd - FIRST_FD] = true;
      }
    }
    Map<String, Integer> assigned = new LinkedHashMap<>();
    List<ExportConfig> anyOf = new ArrayList<>();
    for (ExportConfig export : exports) {
      if (export.endpoint() instanceof Endpoint.Activated(String name)) {
        String wanted = name.isEmpty() ? export.name() : name;
        Integer fd = take(taken, wanted);
        if (fd != null) {
          assigned.put(export.name(), fd);
        } else if (name.isEmpty()) {
          anyOf.add(export);
        } else {
          complete = false;
          mistakes.add(
              PlatterException.badInput(
                  "export " + export.name() + ": systemd has passed no socket called " + name,
                  "Set FileDescriptorName=" + name + " in its .socket unit"));
        }
      }
    }
    for (ExportConfig export : anyOf) {
      Integer fd = take(taken, null);
      if (fd == null) {
        complete = false;
        mistakes.add(
            PlatterException.badInput(
                "export " + export.name() + " has no socket, and systemd has passed none for it",
                "Add socket=PATH; or fd=NAME for a socket that systemd calls NAME"));
      } else {
        assigned.put(export.name(), fd);
      }
    }
    if (complete) { // else what is left may only be called wrong
      addLeftovers(taken, mistakes);
    }
    return assigned;
  }

  private boolean isOurs(int fd) {
    return fd >= FIRST_FD && fd < FIRST_FD + names.size();
  }

  private @Nullable Integer take(boolean[] taken, @Nullable String name) {
    for (int i = 0; i < taken.length; i++) {
      if (!taken[i] && (name == null || name.equals(names.get(i)))) {
        taken[i] = true;
        return FIRST_FD + i;
      }
    }
    return null;
  }

  /** A client of a socket that nobody accepts from would wait for ever. */
  private void addLeftovers(boolean[] taken, Mistakes mistakes) {
    for (int i = 0; i < taken.length; i++) {
      if (!taken[i]) {
        String name = names.get(i);
        mistakes.add(
            PlatterException.badInput(
                "systemd has passed a socket that no export takes: fd "
                    + (FIRST_FD + i)
                    + (name.isEmpty() ? "" : " (" + name + ")"),
                "Add an --export without socket=, or take it out of the unit"));
      }
    }
  }
}
