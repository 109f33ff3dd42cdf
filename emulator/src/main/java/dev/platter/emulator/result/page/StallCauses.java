package dev.platter.emulator.result.page;

/** The causes of stalls: what people call them, and what to do about them. */
final class StallCauses {
  private StallCauses() {}

  /** A cause's name for people. */
  static String name(String cause) {
    return switch (cause) {
      case "not_notified" -> "nobody told the loop";
      case "late_wakeup" -> "the loop woke late";
      case "loop_busy" -> "the loop was busy";
      case "sq_full" -> "the submission queue was full";
      case "big_lock" -> "the big lock was held";
      case "cqe_not_reaped" -> "the completion was not taken";
      case "worker_pool" -> "the kernel handed it to a worker";
      case "gc_pause" -> "the JVM was paused";
      case "not_scheduled" -> "this host may have had no CPU for the thread";
      case "iothread_late" -> "the IOThread took it late";
      case "guest_late" -> "the guest took the interrupt late";
      default -> cause.replace('_', ' ');
    };
  }

  /** What to do about it, with commands and options in backticks; a dash if that is not known. */
  static String remedy(String cause) {
    return switch (cause) {
      case "not_notified" ->
          "Whoever queues a request must wake the loop that submits it. Here `--ablate notify`"
              + " switches that off; in QEMU, use 11.0 or newer.";
      case "late_wakeup" ->
          "The host had no processor for the loop's thread: leave one idle, pin threads, look for"
              + " CPU limits of the cgroup, or let the loop spin longer with `--poll-max`.";
      case "loop_busy" ->
          "The loop had other work: give the disk an IOThread of its own, or spread its queues"
              + " with `--iothreads`.";
      case "sq_full" -> "More requests than the ring has room for: lower `--iodepth`.";
      case "big_lock" ->
          "SATA's registers need the lock; use virtio, whose doorbell needs none, or see above who"
              + " holds it for so long.";
      case "cqe_not_reaped" ->
          "The loop slept or worked although the completion was there: it must look at the"
              + " completion queue before it sleeps, and at TASKRUN in the SQ's flags.";
      case "worker_pool" ->
          "The file system does not do this inline. `./platter image info IMAGE` says which writes"
              + " that concerns; fully written images have none.";
      case "gc_pause" ->
          "Use a collector with short pauses: `PLATTER_JAVA_OPTS=-XX:+UseZGC ./platter ...`";
      case "not_scheduled" ->
          "Other work had the processors: measure when the host is idle, leave a processor to"
              + " Platter, or raise the CPU limit of its cgroup. `./platter doctor` tells the"
              + " load.";
      case "iothread_late" ->
          "The IOThread slept or was busy when the doorbell rang: more `--poll-max`, fewer queues"
              + " per IOThread, or a processor of its own.";
      case "guest_late" -> "The vCPU slept: a longer `--halt-poll`, or an idle processor for it.";
      default -> "–";
    };
  }
}
