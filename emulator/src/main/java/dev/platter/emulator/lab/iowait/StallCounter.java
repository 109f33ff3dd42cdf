package dev.platter.emulator.lab.iowait;

/** A figure in which the kernel shows that tasks wait for I/O. */
enum StallCounter {
  /** Samples of procs_blocked with at least one task. */
  BLOCKED("blocked", "blocked"),
  /** Time of idle CPUs with a task that waits for I/O, added up over all CPUs. */
  IOWAIT("iowait", "iowait"),
  /** {@code some} of /proc/pressure/io. */
  HOST_SOME("host_some", "PSI host some"),
  /** {@code full} of /proc/pressure/io. */
  HOST_FULL("host_full", "PSI host full"),
  /** {@code some} of the own cgroup's io.pressure. */
  CGROUP_SOME("cgroup_some", "PSI cgroup some"),
  /** {@code full} of the own cgroup's io.pressure. */
  CGROUP_FULL("cgroup_full", "PSI cgroup full");

  private final String key;
  private final String label;

  StallCounter(String key, String label) {
    this.key = key;
    this.label = label;
  }

  /** Its name in JSON. */
  String key() {
    return key;
  }

  /** Its name for people. */
  String label() {
    return label;
  }
}
