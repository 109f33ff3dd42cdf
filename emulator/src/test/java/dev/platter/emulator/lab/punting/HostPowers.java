package dev.platter.emulator.lab.punting;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.emulator.host.HostProgram;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What tests may do to this host, and what they have left on it. */
final class HostPowers {
  private static final int CAP_SYS_ADMIN = 21;

  private HostPowers() {}

  static void assumeMayMount() throws IOException {
    String effective =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("CapEff:"))
            .findFirst()
            .orElse("CapEff: 0")
            .substring("CapEff:".length())
            .strip();
    boolean admin = (Long.parseUnsignedLong(effective, 16) >> CAP_SYS_ADMIN & 1) != 0;
    assumeTrue(admin, "mounting needs CAP_SYS_ADMIN");
  }

  static void assumeTracefs() throws IOException {
    assumeMayMount();
    assumeTrue(knows("tracefs"), "this kernel has no tracefs");
  }

  static void assumeLoops(LoopFilesystem filesystem) throws IOException {
    assumeMayMount();
    assumeTrue(Files.exists(Path.of("/dev/loop-control")), "this host has no loop devices");
    assumeTrue(HostProgram.find(filesystem.mkfs()) != null, "there is no " + filesystem.mkfs());
    assumeTrue(knows(filesystem.toString()), "this kernel has no " + filesystem);
  }

  private static boolean knows(String filesystem) throws IOException {
    return Files.readAllLines(Path.of("/proc/filesystems")).stream()
        .anyMatch(line -> line.endsWith("\t" + filesystem));
  }

  /** Mounts of this process's main thread at or below a directory. */
  static List<String> mountsBelow(Path directory) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .filter(line -> line.contains(directory.toString()))
        .toList();
  }

  /** Files behind loop devices at or below a directory. */
  static List<String> loopsBelow(Path directory) throws IOException {
    List<String> files = new ArrayList<>();
    try (DirectoryStream<Path> loops = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path loop : loops) {
        Path backing = loop.resolve("loop/backing_file");
        if (Files.exists(backing)) {
          String file = Files.readString(backing);
          if (file.contains(directory.toString())) {
            files.add(file);
          }
        }
      }
    }
    return files;
  }

  /** Names of tracing instances of this process; tracefs is mounted for the look if need be. */
  static List<String> tracingInstances(Path scratch) throws IOException {
    return PrivateMounts.run(
        "look",
        refused -> {
          try {
            Path tracing =
                TracepointCounter.mountPoint(Files.readAllLines(Path.of("/proc/self/mounts")));
            if (tracing == null) {
              tracing = Files.createDirectories(scratch.resolve("look"));
              HostProgram.run("mount", "-t", "tracefs", "tracefs", tracing.toString());
            }
            try (DirectoryStream<Path> all =
                Files.newDirectoryStream(tracing.resolve("instances"))) {
              List<String> mine = new ArrayList<>();
              for (Path one : all) {
                String name = one.getFileName().toString();
                if (name.startsWith("platter-" + ProcessHandle.current().pid() + "-")) {
                  mine.add(name);
                }
              }
              return mine;
            } finally {
              HostProgram.run("umount", scratch.resolve("look").toString());
              Files.deleteIfExists(scratch.resolve("look"));
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }
}
