package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.devices.block.image.DiskExamination;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.FdBudget;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.MemoryBudget;
import dev.platter.emulator.server.config.Mistakes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the parts of a server could be had here, without making any of them, and leaves all
 * as it is. Each method refuses its part as starting the server would. One thread.
 */
public final class HostCheck {
  private final boolean beside;
  private final boolean severalDisks;
  private final ImageUses uses = new ImageUses();
  private final List<String> notes = new ArrayList<>();
  private final LockTimeout timeout;
  private boolean running;

  /**
   * Has looked at nothing yet.
   *
   * @param beside whether a server of the same configuration may be at work, which will have
   *     stopped when this one is started: what it holds is noted, and not refused
   * @param severalDisks whether this one has more than one
   * @param lockWaitNanos how long a start waits for locks that requests of a dead process hold
   */
  public HostCheck(boolean beside, boolean severalDisks, long lockWaitNanos) {
    this.beside = beside;
    this.severalDisks = severalDisks;
    this.timeout = LockTimeout.ofNanos(lockWaitNanos);
  }

  /** What is not wrong, and still has to be known; sentences without a full stop. */
  public List<String> notes() {
    return notes;
  }

  /**
   * Checks limits of descriptors and memory.
   *
   * @param memoryLimitBytes how much memory the server may use; null for as much as there is
   * @param mistakes gets what does not suffice, of kind HOST_LACKS
   */
  public static void limits(
      int ioThreads,
      List<ExportConfig> exports,
      @Nullable Long memoryLimitBytes,
      Mistakes mistakes) {
    mistakes.attempt(() -> FdBudget.check(ioThreads, exports));
    mistakes.attempt(() -> MemoryBudget.check(ioThreads, exports, memoryLimitBytes));
  }

  /** Checks that an IOThread may run where it is to. */
  public static void cpu(IoThreadConfig ioThread) {
    BitSet allowed = CpuAffinity.allowed();
    int cpu = ioThread.cpu();
    if (cpu != IoThreadConfig.ANY_CPU && !allowed.get(cpu)) {
      throw PlatterException.badInput(
          "IOThread " + ioThread.id() + " cannot run on CPU " + cpu,
          "This process may use CPUs " + allowed);
    }
  }

  /** Checks an image of an export, also against those that were checked before. */
  public void image(ExportConfig export, ImageConfig image) {
    try {
      DiskExamination look =
          Disks.examine(image.path(), image.options(severalDisks), Images.place(export), timeout);
      uses.add(look.identity(), export.name(), image);
      if (look.waits()) {
        notes.add(
            named(
                export,
                image.path()
                    + " is locked by requests of a process that has ended, or by a process that"
                    + " cannot be seen here; a start waits for it"));
      }
      look.foreign()
          .ifPresent(format ->
              notes.add(
                  named(
                      export,
                      image.path()
                          + " looks like "
                          + format
                          + ", and is served as a raw disk. "
                          + format.remedy(image.path())
                          + "; or say format=raw if it is one")));
      boolean ours = beside && look.served() && isServed(export.endpoint());
      running |= ours;
      look.locked().ifPresent(user -> inUse(export, user, ours));
    } catch (PlatterException e) {
      throw e.within("export " + export.name());
    }
  }

  /** Whether somebody serves clients there, as far as that can be seen. */
  private static boolean isServed(Endpoint endpoint) {
    return switch (endpoint) {
      case Endpoint.SocketPath(Path path) -> UnixListener.isListening(path);
      case Endpoint.Activated(String name) -> !name.isEmpty(); // systemd listens
      case Endpoint.Descriptor _ -> false;
    };
  }

  private void inUse(ExportConfig export, PlatterException user, boolean ours) {
    if (!ours || user.kind() != PlatterException.Kind.BAD_INPUT) {
      throw user;
    }
    notes.add(named(export, user.getMessage() + "; it has to end before this server is started"));
  }

  private static String named(ExportConfig export, String what) {
    return "export " + export.name() + ": " + what;
  }

  /** Checks where the clients of an export are to come from, but for systemd's sockets. */
  public void endpoint(ExportConfig export) {
    try {
      switch (export.endpoint()) {
        case Endpoint.SocketPath(Path path) -> socket(path, export.name());
        case Endpoint.Descriptor(int fd) -> UnixListener.checkInherited(fd);
        case Endpoint.Activated _ -> {}
      }
    } catch (PlatterException e) {
      throw e.within("export " + export.name());
    }
  }

  /** Checks that a socket of no export can be made, as {@link #endpoint} does for an export's. */
  public void socket(Path path) {
    socket(path, "");
  }

  private void socket(Path path, String export) {
    UnixListener.checkPlace(path);
    boolean taken = beside ? UnixListener.isListening(path) : UnixListener.isTaken(path);
    if (taken) {
      taken(UnixListener.taken(path), export);
    }
  }

  /**
   * Refuses what is taken; notes it if a server is at work that this one replaces, which may have
   * it. Images come first: they tell.
   *
   * @param why the refusal
   */
  public void taken(PlatterException why) {
    taken(why, "");
  }

  private void taken(PlatterException why, String export) {
    if (!beside || !running) {
      throw why;
    }
    String what =
        why.getMessage() + "; a start is refused unless the server that it replaces has it";
    notes.add(export.isEmpty() ? what : "export " + export + ": " + what);
  }

  /**
   * Checks that systemd has passed the sockets that exports are to take, and no more.
   *
   * @param environment the process's
   * @param mistakes gets what is wrong
   */
  public void activated(
      List<ExportConfig> exports, Map<String, String> environment, long pid, Mistakes mistakes) {
    SystemdSockets sockets = mistakes.make(() -> SystemdSockets.of(environment, pid));
    if (sockets == null) {
      return;
    }
    List<ExportConfig> looked = new ArrayList<>(exports);
    if (beside && sockets.isEmpty()) {
      for (ExportConfig export : exports) {
        if (export.endpoint() instanceof Endpoint.Activated(String name) && !name.isEmpty()) {
          notes.add(
              named(
                  export,
                  "it takes the socket that systemd calls " + name + ", which is not here"));
          looked.remove(export);
        }
      }
    }
    for (int fd : sockets.assign(looked, mistakes).values()) {
      mistakes.attempt(() -> UnixListener.checkInherited(fd));
    }
  }
}
