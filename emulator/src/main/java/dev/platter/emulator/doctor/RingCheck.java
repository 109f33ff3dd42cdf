package dev.platter.emulator.doctor;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.access.RingHost;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.RingCall;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.sys.Errno;
import dev.platter.emulator.host.HostFiles;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Whether there is io_uring, and with which features. */
final class RingCheck implements DoctorCheck {
  /** The opcodes of devices and loops, as they have been since Linux 5.6. */
  private static final Map<String, Integer> OPCODES = new LinkedHashMap<>();

  static {
    OPCODES.put("READ", IoUringAbi.OP_READ);
    OPCODES.put("WRITE", IoUringAbi.OP_WRITE);
    OPCODES.put("READV", IoUringAbi.OP_READV);
    OPCODES.put("WRITEV", IoUringAbi.OP_WRITEV);
    OPCODES.put("FSYNC", IoUringAbi.OP_FSYNC);
    OPCODES.put("FALLOCATE", IoUringAbi.OP_FALLOCATE);
    OPCODES.put("POLL_ADD", IoUringAbi.OP_POLL_ADD);
    OPCODES.put("ASYNC_CANCEL", IoUringAbi.OP_ASYNC_CANCEL);
  }

  private final Supplier<RingAccess> probe;

  RingCheck() {
    this(RingAccess::probe);
  }

  /**
   * For tests.
   *
   * @param probe asks the kernel for a ring; flags are asked of the real kernel only if it is
   *     usable
   */
  RingCheck(Supplier<RingAccess> probe) {
    this.probe = probe;
  }

  @Override
  public String title() {
    return "io_uring";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    RingAccess access = probe.get();
    List<DoctorLine> lines = new ArrayList<>();
    if (!access.usable()) {
      lines.add(DoctorLine.problem("access", access.what(), access.remedy()).with(facts(access)));
      lines.add(sysctl(access.host()));
      return lines;
    }
    lines.add(DoctorLine.ok("access", "rings can be made and used").with(facts(access)));
    boolean registers = access.call() != RingCall.REGISTER;
    if (!registers) {
      lines.add(
          DoctorLine.warning(
              "register", access.what() + "; only platter lab io-wq needs it", access.remedy()));
    }
    try {
      rings(lines, registers);
    } catch (PlatterException e) {
      lines.add(DoctorLine.problem("rings", String.valueOf(e.getMessage()), e.remedy()));
    }
    lines.add(workers(access.host().version()));
    lines.add(sysctl(access.host()));
    return lines;
  }

  private static void rings(List<DoctorLine> lines, boolean registers) {
    Map<SetupFlag, String> refused = new EnumMap<>(SetupFlag.class);
    Set<SetupFlag> onMainLoop;
    Set<SetupFlag> onIoThread;
    boolean noIowait;
    List<String> missing = new ArrayList<>();
    // With the flags of loops; one ring after the other, since a thread may have only one such
    // ring.
    try (Ring ring = RingAccess.open(1, AioConfig.mainLoop().flags())) {
      onMainLoop = ring.granted();
      refused.putAll(ring.refused());
    }
    try (Ring ring = RingAccess.open(1, AioConfig.ioThread().flags())) {
      onIoThread = ring.granted();
      refused.putAll(ring.refused());
      noIowait = ring.hasFeature(IoUringAbi.FEAT_NO_IOWAIT);
      OPCODES.forEach((name, opcode) -> {
        if (registers && !ring.supports(opcode)) {
          missing.add(name);
        }
      });
    }
    lines.add(flags("main_loop_flags", onMainLoop));
    lines.add(flags("iothread_flags", onIoThread));
    if (!refused.isEmpty()) {
      lines.add(
          DoctorLine.info(
              "flags_missing",
              refused.keySet().stream()
                  .map(flag -> flag + " (Linux " + flag.sinceKernel() + ")")
                  .collect(Collectors.joining(", "))));
    }
    lines.add(
        noIowait
            ? DoctorLine.ok("no_iowait", "idle loops do not count as waiting for I/O")
            : DoctorLine.info(
                "no_iowait", "not before Linux 6.15: idle loops may count as waiting for I/O"));
    if (!missing.isEmpty()) {
      lines.add(
          DoctorLine.problem(
              "opcodes",
              "the kernel lacks " + String.join(", ", missing),
              "Platter needs Linux 5.15 or newer"));
    } else if (registers) {
      lines.add(DoctorLine.ok("opcodes", String.join(" ", OPCODES.keySet())));
    }
  }

  private static DoctorLine flags(String name, Set<SetupFlag> granted) {
    EnumSet<SetupFlag> sorted = EnumSet.noneOf(SetupFlag.class);
    sorted.addAll(granted);
    return DoctorLine.ok(
        name,
        sorted.isEmpty()
            ? "none"
            : sorted.stream().map(Enum::name).collect(Collectors.joining(" ")));
  }

  private static DoctorLine workers(@Nullable KernelVersion version) {
    boolean end =
        version != null
            && (version.atLeast(7, 0) || (version.atLeast(6, 18, 11) && !version.atLeast(6, 19)));
    return DoctorLine.info(
        "worker_threads",
        end
            ? "the last idle one of a thread ends when its rings are closed"
            : "the last idle one stays until its thread ends (mended in Linux 7.0 and 6.18.11);"
                + " platter serve ends threads to be rid of it");
  }

  private static DoctorLine sysctl(RingHost host) {
    return DoctorLine.info(
        "sysctl",
        host.disabled() == null
            ? "this kernel has no kernel.io_uring_disabled"
            : "kernel.io_uring_disabled="
                + host.disabled()
                + ", kernel.io_uring_group="
                + host.group());
  }

  private static Map<String, @Nullable Object> facts(RingAccess access) {
    RingHost host = access.host();
    Map<String, @Nullable Object> facts = new LinkedHashMap<>();
    facts.put("cause", access.cause().name().toLowerCase(Locale.ROOT));
    facts.put("call", access.call().name().toLowerCase(Locale.ROOT));
    facts.put("errno", access.errno() == 0 ? null : Errno.name(access.errno()));
    facts.put("io_uring_disabled", host.disabled());
    facts.put("io_uring_group", host.group());
    facts.put("in_group", host.isInGroup());
    facts.put("seccomp_mode", host.seccompMode() < 0 ? null : host.seccompMode());
    facts.put("seccomp_filters", host.seccompFilters() < 0 ? null : host.seccompFilters());
    return facts;
  }
}
