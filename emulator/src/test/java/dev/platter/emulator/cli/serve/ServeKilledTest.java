package dev.platter.emulator.cli.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.server.control.ControlClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** {@code platter serve}, killed at each line of its log: whatever is left, the next one starts. */
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ServeKilledTest {
  /** A server's life by its log, up to which a client is served and SIGTERM comes. */
  private static final List<String> START = List.of("confined", "disk", "serving", "ready");

  private static final List<String> END =
      List.of("client-connected", "control", "stopping", "client-disconnected", "stopped");

  @TempDir private Path directory;
  private Path image;
  private Path socket;
  private Path golden;
  private Path control;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void makeImages() throws IOException {
    image = sized("disk.img");
    golden = sized("golden.img");
    socket = directory.resolve("vda.sock");
    control = directory.resolve("ctl.sock");
  }

  private Path sized(String name) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return path;
  }

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start() throws IOException {
    Process process =
        ChildJvm.builder(
                Platter.class,
                "serve",
                "--export=virtio-blk,cache=writeback,image=" + image + ",socket=" + socket,
                "--export=virtio-blk,cache=writeback,readonly,image="
                    + golden
                    + ",socket="
                    + directory.resolve("ro.sock"),
                "--control=" + control,
                "--metrics=127.0.0.1:0",
                "--lock-wait=20s")
            .start();
    started.add(process);
    return process;
  }

  private static void readUntil(BufferedReader log, String event) throws IOException {
    List<String> lines = new ArrayList<>();
    String line;
    do {
      line = log.readLine();
      assertThat(line).as("no %s after %s", event, lines).isNotNull();
      lines.add(line);
    } while (!line.matches(".*: " + event + "( .*|$)"));
  }

  private void killAt(String event) throws Exception {
    Process process = start();
    try (BufferedReader log = process.inputReader(UTF_8)) {
      if (START.contains(event)) {
        readUntil(log, event);
        process.destroyForcibly().waitFor();
        return;
      }
      readUntil(log, "ready");
      try (UnixConnection client = UnixConnection.connect(socket);
          ControlClient operator = ControlClient.connect(control)) {
        if (event.equals("control")) {
          operator.execute("log-level", Map.of("level", "info"));
        } else if (!event.equals("client-connected")) {
          new ProcessBuilder("kill", "-TERM", "" + process.pid()).start().waitFor();
        }
        readUntil(log, event);
        process.destroyForcibly().waitFor();
        assertThat(client).isNotNull();
      }
    }
  }

  @Test
  void theNextOneStartsWhateverTheLastOneWasAt() throws Exception {
    for (String event : START) {
      killAt(event);
    }
    for (String event : END) {
      killAt(event);
    }
    Process last = start();
    try (BufferedReader log = last.inputReader(UTF_8)) {
      readUntil(log, "ready");
      try (ControlClient operator = ControlClient.connect(control);
          UnixConnection client = UnixConnection.connect(socket)) {
        assertThat(operator.execute("health", Map.of()).text("status")).isEqualTo("serving");
        assertThat(client).isNotNull();
      }
      new ProcessBuilder("kill", "-TERM", "" + last.pid()).start().waitFor();
      readUntil(log, "stopped");
    }
    assertThat(last.waitFor()).isZero();
    try (var left = Files.list(directory)) {
      assertThat(left).containsExactlyInAnyOrder(image, golden);
    }
  }
}
