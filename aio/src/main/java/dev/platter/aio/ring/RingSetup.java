package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Sets a ring up with as many of the wanted flags as the kernel takes, and keeps the reason why
 * each other flag was refused.
 */
final class RingSetup {
  /** The kernel, so that tests can play an older kernel, or a kernel behind a seccomp filter. */
  interface SetupCall {
    int setup(int entries, MemorySegment params);

    /** Enters a ring that has nothing to do: 0, or {@code -errno} if the call is refused. */
    default int enter(int fd) {
      return Syscalls.ioUringEnter(fd, 0, 0, 0, 0, 0);
    }

    /** Asks a ring for its opcodes: {@code >= 0}, or {@code -errno}. */
    default int register(int fd) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment probe = arena.allocate(IoUringAbi.PROBE_SIZE, 8);
        return Syscalls.ioUringRegister(fd, IoUringAbi.REGISTER_PROBE, probe.address(), 0);
      }
    }
  }

  static final SetupCall KERNEL = Syscalls::ioUringSetup;

  private final SetupCall call;
  private final Arena arena;
  private final EnumMap<SetupFlag, String> refused = new EnumMap<>(SetupFlag.class);
  private final EnumSet<SetupFlag> granted;
  private final int entries;

  RingSetup(SetupCall call, Arena arena, int entries, Set<SetupFlag> wanted) {
    this.call = call;
    this.arena = arena;
    this.entries = entries;
    this.granted = EnumSet.noneOf(SetupFlag.class);
    this.granted.addAll(wanted);
  }

  /** The kernel's answer to a set-up: {@code fd} is {@code -errno} on failure. */
  record Outcome(
      int fd, MemorySegment params, Set<SetupFlag> granted, Map<SetupFlag, String> refused) {}

  Outcome run() {
    dropWithoutPrerequisite();
    MemorySegment params = params(granted);
    int fd = call.setup(entries, params);
    if (fd == -Errno.EINVAL) {
      // EINVAL does not say which flag it was: ask for each alone.
      for (SetupFlag flag : SetupFlag.values()) {
        if (granted.contains(flag)) {
          probe(flag);
        }
      }
      dropWithoutPrerequisite();
      params = params(granted);
      fd = call.setup(entries, params);
    }
    return new Outcome(fd, params, granted, refused);
  }

  private void probe(SetupFlag flag) {
    int fd = call.setup(1, params(flag.probeSet()));
    if (fd >= 0) {
      Libc.close(fd);
    } else if (fd == -Errno.EINVAL) {
      granted.remove(flag);
      refused.put(flag, "EINVAL from this kernel; it is in Linux " + flag.sinceKernel());
    }
  }

  private void dropWithoutPrerequisite() {
    boolean again = true;
    while (again) {
      again = false;
      for (SetupFlag flag : SetupFlag.values()) {
        String missing = granted.contains(flag) ? flag.missingPrerequisite(granted) : null;
        if (missing != null) {
          granted.remove(flag);
          refused.put(flag, missing);
          again = true;
        }
      }
    }
  }

  private MemorySegment params(Set<SetupFlag> flags) {
    MemorySegment params = arena.allocate(IoUringAbi.PARAMS_SIZE, 8);
    params.set(JAVA_INT, IoUringAbi.PARAMS_FLAGS, IoUringAbi.SETUP_CLAMP | SetupFlag.bits(flags));
    return params;
  }
}
