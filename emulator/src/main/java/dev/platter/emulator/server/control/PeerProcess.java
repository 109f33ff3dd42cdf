package dev.platter.emulator.server.control;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The process at the other end of a control connection.
 *
 * @param pid -1 if it is not known
 * @param uid its effective user; -1 if that is not known
 */
record PeerProcess(int pid, int uid) {
  /** The fields of an event. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("pid", pid);
    fields.put("uid", uid);
    return fields;
  }
}
