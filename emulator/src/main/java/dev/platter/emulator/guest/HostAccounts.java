package dev.platter.emulator.guest;

import dev.platter.emulator.host.HostReading;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.host.ThreadTimes;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The host's accounts of this process and of a QEMU.
 *
 * @param host the host
 * @param own this process's threads
 * @param qemu QEMU's threads
 */
record HostAccounts(HostReading host, ThreadTimes own, ThreadTimes qemu) {
  // QEMU's pools of helpers and the kernel's workers, on whose CPU time no request waits.
  private static final List<String> HELPERS = List.of("worker", "call_rcu", "iou-");

  /**
   * Reads the accounts.
   *
   * @param qemu the directory of QEMU's threads
   */
  static HostAccounts now(File qemu) {
    return new HostAccounts(
        HostReading.now(), ThreadTimes.read(ThreadTimes.OWN), ThreadTimes.read(qemu));
  }

  /**
   * How the host treated the threads of a job since an earlier reading.
   *
   * @param ours whether a thread of this process does requests of the job
   * @param qemuCpu CPU time of QEMU meanwhile
   */
  Scheduling since(HostAccounts before, Predicate<String> ours, Duration qemuCpu) {
    List<ThreadTime> threads = new ArrayList<>();
    for (ThreadTime time : qemu.since(before.qemu)) {
      if (HELPERS.stream().noneMatch(time.name()::startsWith)) {
        threads.add(new ThreadTime("QEMU " + time.name(), time.ranNanos(), time.waitedNanos()));
      }
    }
    for (ThreadTime time : own.since(before.own)) {
      if (ours.test(time.name())) {
        threads.add(time);
      }
    }
    return Scheduling.between(
        before.host, host, host.atNanos() - before.host.atNanos(), threads, qemuCpu.toNanos());
  }
}
