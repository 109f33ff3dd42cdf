package dev.platter.emulator.lab.iowait;

/** The task that waits while the counters are read. */
enum IowaitCase {
  NOTHING("nothing", "nothing of ours (baseline)"),
  BEFORE("ring_before_any_request", "bare ring, before any request"),
  AFTER("ring_after_one_request", "bare ring, one request"),
  AFTER_OPT_OUT("ring_after_one_request_no_iowait", "bare ring, one request, NO_IOWAIT"),
  IOTHREAD("iothread_idle", "Platter's IOThread, idle"),
  IOTHREAD_ABLATED("iothread_idle_without_opt_out", "IOThread without the opt-out"),
  MAIN_LOOP("main_loop_idle", "Platter's main loop, idle"),
  MAIN_LOOP_ABLATED("main_loop_idle_without_opt_out", "main loop without the opt-out"),
  READS("reads_in_flight", "IOThread, a read always in flight"),
  PREADS("pread", "pread(2), no io_uring");

  private final String key;
  private final String label;

  IowaitCase(String key, String label) {
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
