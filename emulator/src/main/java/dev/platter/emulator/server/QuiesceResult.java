package dev.platter.emulator.server;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a server that was told to quiesce has come to, and what of it is left in this process that a
 * checkpoint cannot take along.
 *
 * @param drained how many requests were in flight when it began, all of which have completed
 * @param flushed whether all that guests have written is on stable storage
 * @param rings how many io_uring descriptors this process has, anybody's; negative if that cannot
 *     be found out
 * @param workers the names of io_uring's kernel threads in this process, such as {@code
 *     iou-wrk-4711}
 * @param millis how long it took, in milliseconds
 */
public record QuiesceResult(
    int drained, boolean flushed, int rings, List<String> workers, long millis) {
  /** Copies the list. */
  public QuiesceResult {
    workers = List.copyOf(workers);
  }

  /** Whether a checkpoint can be taken: no ring, no worker, nothing unflushed. */
  public boolean safe() {
    return flushed && rings == 0 && workers.isEmpty();
  }

  /** It as the fields of an event; with a reason if it is not safe. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("safe", safe());
    fields.put("rings", rings);
    fields.put("workers", workers.size());
    fields.put("flushed", flushed);
    fields.put("drained", drained);
    fields.put("milliseconds", millis);
    if (!safe()) {
      fields.put("reason", obstacles());
    }
    return fields;
  }

  private String obstacles() {
    List<String> obstacles = new ArrayList<>();
    if (!flushed) {
      obstacles.add("an image could not be flushed");
    }
    if (rings != 0) {
      obstacles.add("io_uring descriptors are open");
    }
    if (!workers.isEmpty()) {
      obstacles.add("io_uring workers are left: " + String.join(", ", workers));
    }
    return String.join("; ", obstacles);
  }
}
