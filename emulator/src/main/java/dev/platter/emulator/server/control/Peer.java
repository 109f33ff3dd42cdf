package dev.platter.emulator.server.control;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who is at the other end.
 *
 * @param pid the process that connected; -1 if it is not told
 * @param uid its effective user; -1 if it is not told
 */
record Peer(int pid, int uid) {
  /** It as fields of an event. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("pid", pid);
    fields.put("uid", uid);
    return fields;
  }
}
