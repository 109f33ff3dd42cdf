package dev.platter.emulator.server.confine;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.server.config.ImageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The rules of a plan: one for each file or directory that the server will open. */
final class AccessRules {
  private AccessRules() {}

  /** The rules of a plan, with those that any JVM needs. */
  static List<PathRule> of(ConfinementPlan plan, JvmFiles jvm) {
    List<PathRule> rules = new ArrayList<>(jvm.rules());
    rules.addAll(system());
    for (ImageConfig image : plan.images()) {
      if (!Disks.isMemory(image.path())) {
        rules.add(PathRule.disk(Path.of(image.path()), imageRights(image, plan.mayResize())));
      }
    }
    plan.allowed().forEach(path -> rules.add(PathRule.required(path, PathRule.IMAGES)));
    plan.readable().forEach(path -> rules.add(PathRule.required(path, PathRule.READ_TREE)));
    for (Path directory : plan.allSocketDirectories()) {
      rules.add(PathRule.required(directory, PathRule.SOCKETS));
    }
    for (Path file : plan.written()) {
      if (Files.notExists(file) || Files.isRegularFile(file)) {
        rules.add(PathRule.required(writtenIn(file), PathRule.DOCUMENTS));
      } // devices and pipes are written in place
      rules.add(PathRule.of(file, PathRule.READ_WRITE | LandlockAbi.ACCESS_FS_TRUNCATE));
    }
    if (plan.metricsPort().isPresent()) {
      rules.addAll(nameService());
    }
    return rules;
  }

  private static long imageRights(ImageConfig image, boolean mayResize) {
    if (image.options().readOnly()) {
      return PathRule.READ | LandlockAbi.ACCESS_FS_IOCTL_DEV;
    }
    return PathRule.READ_WRITE
        | LandlockAbi.ACCESS_FS_IOCTL_DEV
        | (mayResize ? LandlockAbi.ACCESS_FS_TRUNCATE : 0);
  }

  /** The directory in which a document is written before it replaces its file. */
  static Path writtenIn(Path file) {
    try {
      return ConfinementPlan.directoryOf(file.toRealPath());
    } catch (IOException e) {
      return ConfinementPlan.directoryOf(file); // it does not exist yet
    }
  }

  private static List<PathRule> system() {
    return List.of(
        PathRule.of("/lib", PathRule.READ),
        PathRule.of("/lib64", PathRule.READ),
        PathRule.of("/usr/lib", PathRule.READ),
        PathRule.of("/usr/lib64", PathRule.READ),
        // A part of a locale is a directory; without it the JVM takes all names for ASCII.
        PathRule.of("/usr/lib/locale", PathRule.READ_TREE),
        PathRule.of("/etc/ld.so.cache", PathRule.READ),
        PathRule.of("/etc/ld.so.preload", PathRule.READ),
        PathRule.of("/etc/localtime", PathRule.READ),
        PathRule.of("/proc", PathRule.READ_TREE),
        PathRule.of("/sys", PathRule.READ_TREE),
        PathRule.of("/dev/null", PathRule.READ_WRITE),
        PathRule.of("/dev/zero", PathRule.READ),
        PathRule.of("/dev/random", PathRule.READ),
        PathRule.of("/dev/urandom", PathRule.READ));
  }

  /** The files that resolve the name of a host to listen on. */
  private static List<PathRule> nameService() {
    return List.of(
        PathRule.of("/etc/hosts", PathRule.READ),
        PathRule.of("/etc/host.conf", PathRule.READ),
        PathRule.of("/etc/nsswitch.conf", PathRule.READ),
        PathRule.of("/etc/resolv.conf", PathRule.READ),
        PathRule.of("/etc/gai.conf", PathRule.READ));
  }
}
