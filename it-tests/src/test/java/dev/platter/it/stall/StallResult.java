package dev.platter.it.stall;

import dev.platter.guestimages.GuestConsole;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * What came of a guest whose disk stalled.
 *
 * @param backend who emulated the disk
 * @param way how it was stalled
 * @param stallSeconds for how long
 * @param end why the guest died or was given up; null if it lived, did its jobs and turned itself
 *     off
 * @param resumeSeconds from the end of the stall to the first flush that covers writes made since;
 *     null if there was none
 * @param endure what the guest's programs printed last, by their first key: {@code verified} and
 *     {@code guarded}
 * @param dmesg the lines of the guest's kernel about its disk and its health
 * @param sameAsGuestSees whether the image holds, MiB by MiB, what the guest has read from its disk
 *     in the end; null if it has not
 * @param image what the image holds
 * @param server what the server of the disk said, without what it always says
 */
record StallResult(
    DiskServer.Backend backend,
    StalledDisk.Way way,
    long stallSeconds,
    @Nullable String end,
    @Nullable Double resumeSeconds,
    Map<String, Map<String, Object>> endure,
    List<String> dmesg,
    @Nullable Boolean sameAsGuestSees,
    ImageCheck image,
    List<String> server) {
  private static final Pattern BROKEN =
      Pattern.compile("BUG:|WARNING:|Oops|Kernel panic|corruption|Call Trace");
  private static final Pattern TELLING =
      Pattern.compile(
          "\\] (ata\\d|sd \\d|scsi|virtio_blk|Buffer I/O|I/O error|critical|INFO: task)|"
              + BROKEN.pattern());
  private static final Pattern RESET = Pattern.compile("hard resetting link");
  private static final Pattern DETACHED =
      Pattern.compile(
          "ata\\d.*(disable device|disabled)$|rejecting I/O to offline|offlined|detaching|Stopping"
              + " disk");

  /** The lines of a kernel's log that matter here. */
  static List<String> telling(List<String> dmesg) {
    return dmesg.stream().filter(line -> TELLING.matcher(line).find()).toList();
  }

  /** The last objects that have {@code verified} or {@code guarded} in them, by that key. */
  static Map<String, Map<String, Object>> verdicts(GuestConsole.@Nullable Result job) {
    Map<String, Map<String, Object>> verdicts = new LinkedHashMap<>();
    if (job != null) {
      for (String line : job.json()) {
        Map<String, Object> object = object(line);
        for (String key : List.of("verified", "guarded")) {
          if (object.containsKey(key)) {
            verdicts.put(key, object);
          }
        }
      }
    }
    return verdicts;
  }

  private static Map<String, Object> object(String line) {
    try {
      return JSON.std.mapFrom(line);
    } catch (RuntimeException _) {
      return Map.of(); // two programs write to one console
    }
  }

  private long count(Pattern pattern) {
    return dmesg.stream().filter(line -> pattern.matcher(line).find()).count();
  }

  /** How often the guest has reset its link. */
  long resets() {
    return count(RESET);
  }

  /** Whether the guest kept its disk. */
  boolean attached() {
    return end == null && count(DETACHED) == 0;
  }

  /** Requests that failed in the guest, of both programs; -1 if it did not tell. */
  long ioErrors() {
    if (endure.size() < 2) {
      return -1;
    }
    return endure.values().stream().mapToLong(it -> number(it, "io_errors")).sum();
  }

  private static long number(Map<String, Object> object, String key) {
    return object.get(key) instanceof Number number ? number.longValue() : -1;
  }

  private boolean is(String key) {
    Map<String, Object> verdict = endure.get(key);
    return verdict != null && Boolean.TRUE.equals(verdict.get(key));
  }

  /** Whether every sector that was called stable was there, and none torn or misplaced. */
  boolean stable() {
    return is("verified") && Boolean.TRUE.equals(sameAsGuestSees);
  }

  /** Whether the guest's memory, user's and kernel's, is as it should be. */
  boolean memoryIntact() {
    return is("guarded") && count(BROKEN) == 0;
  }

  /** Everything that is wrong, in words; empty if nothing is. */
  List<String> faults() {
    List<String> faults = new ArrayList<>();
    if (end != null) {
      faults.add("the guest: " + end);
    }
    if (!attached()) {
      faults.add("the guest gave its disk up");
    }
    if (resumeSeconds == null) {
      faults.add("no I/O after the stall");
    }
    if (!stable()) {
      faults.add("what was stable is not there: " + endure.get("verified"));
    }
    if (!memoryIntact()) {
      faults.add("the guest's memory is damaged: " + endure.get("guarded"));
    }
    if (image.foreign() > 0) {
      faults.add("the image holds what the guest did not write: " + image);
    }
    long errors = ioErrors();
    if (errors > 0 && !gaveRequestsUp()) {
      faults.add(errors + " requests failed in the guest");
    }
    return faults;
  }

  /**
   * Whether it is Linux alone that failed requests of a SATA disk: those that completed between its
   * time-out and its error handling are not made again (docs/stalls.md). Only such are in its log.
   */
  private boolean gaveRequestsUp() {
    List<String> failed = dmesg.stream().filter(line -> line.contains(" hostbyte=")).toList();
    return backend.isSata()
        && !failed.isEmpty()
        && failed.stream()
            .allMatch(line ->
                line.contains("hostbyte=DID_TIME_OUT") || line.contains("hostbyte=DID_SOFT_ERROR"));
  }

  /** Without any fault. */
  boolean good() {
    return faults().isEmpty();
  }

  /** As an object for JSON. */
  Map<String, @Nullable Object> toMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("backend", backend.toString());
    map.put("way", way.toString());
    map.put("stall_seconds", stallSeconds);
    map.put("good", good());
    map.put("faults", faults());
    map.put("alive", end == null);
    map.put("attached", attached());
    map.put("resume_seconds", resumeSeconds);
    map.put("link_resets", resets());
    map.put("io_errors", ioErrors());
    map.put("stable", stable());
    map.put("memory_intact", memoryIntact());
    map.put("foreign_sectors_outside", image.sectorsOutside());
    map.put("foreign_blocks_inside", image.blocksInside());
    map.put("endure", endure);
    map.put("guest_log", dmesg);
    map.put("server_log", server);
    return Collections.unmodifiableMap(map);
  }
}
