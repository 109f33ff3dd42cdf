package dev.platter.devices.block.raw;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/** Loop devices and mounts of a test, undone the other way round. Needs root. */
final class LoopDevices implements AutoCloseable {
  private final Deque<String> undo = new ArrayDeque<>();

  /** Runs a shell command; skips the test, with what it has printed, if it fails. */
  static String sh(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    String out =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assumeTrue(process.waitFor() == 0, command + ": " + out);
    return out;
  }

  /** A tmpfs of a size such as {@code 16m}. */
  Path tmpfs(Path at, String size) throws Exception {
    Files.createDirectories(at);
    sh("mount -t tmpfs -o size=" + size + " none " + at);
    undo.push("umount -l " + at);
    return at;
  }

  /** A file that is one hole. */
  static Path sparse(Path file, long bytes) throws IOException {
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(bytes);
    }
    return file;
  }

  /** A loop device over a file; {@code options} of losetup, such as {@code -b 4096}. */
  Path device(Path file, String options) throws Exception {
    String device = sh("losetup -f --show " + options + " " + file);
    undo.push("losetup -d " + device);
    return Path.of(device);
  }

  /** Has a command run at the end. */
  void undo(String command) {
    undo.push(command);
  }

  /** How many bytes of a file are allocated. */
  static long allocated(Path file) throws Exception {
    sh("sync -f " + file);
    return Long.parseLong(sh("stat -c %b " + file)) * 512;
  }

  @Override
  public void close() throws IOException {
    try {
      while (!undo.isEmpty()) {
        sh(undo.pop());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
