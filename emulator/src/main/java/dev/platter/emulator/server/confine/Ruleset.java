package dev.platter.emulator.server.confine;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Landlock;
import dev.platter.aio.sys.Libc;
import java.util.List;
import java.util.OptionalInt;

/** Rules in the kernel, for one thread and what it executes. */
final class Ruleset implements AutoCloseable {
  private static final String REMEDY = "Use --confine off, or report it";

  private final LandlockLevel level;
  private final int fd;

  private Ruleset(LandlockLevel level, int fd) {
    this.level = level;
    this.fd = fd;
  }

  /**
   * Creates a ruleset that allows nothing yet.
   *
   * @param abstractSockets whether to forbid sockets in the abstract namespace
   */
  static Ruleset create(LandlockLevel level, boolean abstractSockets) {
    int fd =
        Landlock.createRuleset(
            level.handledFs(), level.handledNet(), level.scoped(abstractSockets));
    if (fd < 0) {
      throw PlatterException.failed("cannot make a Landlock ruleset: " + Errno.name(fd), REMEDY)
          .at(null, -fd);
    }
    return new Ruleset(level, fd);
  }

  void allow(List<PathRule> rules) {
    rules.forEach(this::allow);
  }

  private void allow(PathRule rule) {
    // One handle both for the check and for the rule, so that the path is resolved once.
    try (FileHandle file = FileHandle.locate(rule.path().toString())) {
      FileFacts.Type type = file.facts().type();
      if (!rule.accepts(type)) {
        throw refused(rule, "it is neither a regular file nor a block device", 0);
      }
      long rights = rule.rightsFor(type, level.handledFs());
      int result = rights == 0 ? 0 : Landlock.allowPath(fd, rights, file.fd());
      if (result < 0) {
        throw refused(rule, Errno.name(result), -result);
      }
    } catch (PlatterException e) {
      if (rule.need() != PathRule.Need.OPTIONAL) {
        throw e;
      }
    }
  }

  private static PlatterException refused(PathRule rule, String why, int errno) {
    return PlatterException.badInput(
            "cannot confine the server to " + rule.path() + ": " + why,
            "Name another path, or use --confine off")
        .at(rule.path().toString(), errno);
  }

  /** Allows to listen on a TCP port. */
  void allow(OptionalInt port) {
    if (port.isPresent() && level.handledNet() != 0) {
      int result = Landlock.allowPort(fd, LandlockAbi.ACCESS_NET_BIND_TCP, port.getAsInt());
      if (result < 0) {
        throw PlatterException.failed(
                "cannot allow port " + port.getAsInt() + ": " + Errno.name(result), REMEDY)
            .at(null, -result);
      }
    }
  }

  /**
   * Puts the calling thread under the rules, for good.
   *
   * @return 0 or {@code -errno}
   */
  int enforce() {
    return Landlock.restrictSelf(fd, level.restrictFlags());
  }

  @Override
  public void close() {
    Libc.close(fd);
  }
}
