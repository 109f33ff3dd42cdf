package dev.platter.emulator.export.vhostuser;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** {@code platter serve} in a JVM of its own, with a client whose guest asks for nothing. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class IdleServeTest {
  /** Longer than what follows a request for a while, such as polling; shorter than slow looks. */
  private static final long MILLIS = 5_000;

  private static final int ATTEMPTS = 10;

  /** Threads of the JVM and the kernel, which look at things now and then (docs/serve.md). */
  private static final List<String> NOT_OURS =
      List.of(
          "C1 Compiler",
          "C2 Compiler",
          "Monitor Deflati",
          "Service Thread",
          "VM Periodic",
          "iou-wrk-");

  @TempDir private Path directory;

  /** How often each thread has gone to sleep so far, by its name and number. */
  private static Map<String, Long> sleeps(Process process) throws IOException {
    Map<String, Long> sleeps = new TreeMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
      for (Path task : tasks.toList()) {
        String name = "";
        try {
          for (String line : Files.readAllLines(task.resolve("status"))) {
            if (line.startsWith("Name:")) {
              name = line.substring("Name:".length()).strip() + " " + task.getFileName();
            } else if (line.startsWith("voluntary_ctxt_switches:")) {
              sleeps.put(name, Long.parseLong(line.replaceAll("\\D", "")));
            }
          }
        } catch (NoSuchFileException e) {
          // It has ended.
        }
      }
    }
    return sleeps;
  }

  @Test
  void nobodyWakes() throws Exception {
    Path image = directory.resolve("disk.img");
    Path socket = directory.resolve("vda.sock");
    Path sata = directory.resolve("sata.img");
    for (Path each : List.of(image, sata)) {
      try (RandomAccessFile file = new RandomAccessFile(each.toFile(), "rw")) {
        file.setLength(1 << 20);
      }
    }
    Process process =
        new ProcessBuilder(
                ChildJvm.command(
                    Platter.class,
                    List.of("-XX:+UseSerialGC", "-XX:-UsePerfData"),
                    List.of(
                        "serve",
                        "--confine=off",
                        "--control=" + directory.resolve("ctl.sock"),
                        "--export=virtio-blk,queues=2,cache=writeback,image="
                            + image
                            + ",socket="
                            + socket,
                        "--export=ahci,image="
                            + sata
                            + ",cache=writeback,socket="
                            + directory.resolve("sata.sock"))))
            .redirectErrorStream(true)
            .start();
    try (BufferedReader log = process.inputReader(UTF_8)) {
      List<String> lines = new ArrayList<>();
      while (lines.isEmpty() || !lines.getLast().contains(" ready ")) {
        String line = log.readLine();
        assertThat(line).as("after %s", lines).isNotNull();
        lines.add(line);
      }
      try (VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
        Queue queue = client.bringUp();
        client.checkDisk(queue, 8, 1);
        Map<String, Long> woken = Map.of("", 0L);
        for (int i = 0; i < ATTEMPTS && !woken.isEmpty(); i++) {
          woken = woken(process);
        }
        assertThat(woken).isEmpty();
        client.checkDisk(queue, 8, 2);
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** Which threads of ours were woken in a while, and how often. */
  private static Map<String, Long> woken(Process process) throws Exception {
    Map<String, Long> before = sleeps(process);
    Thread.sleep(MILLIS);
    Map<String, Long> woken = new TreeMap<>();
    sleeps(process)
        .forEach((thread, count) -> {
          long times = count - before.getOrDefault(thread, 0L);
          if (times > 0 && NOT_OURS.stream().noneMatch(thread::startsWith)) {
            woken.put(thread, times);
          }
        });
    return woken;
  }
}
