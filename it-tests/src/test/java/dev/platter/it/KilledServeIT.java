package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.QemuFinder;
import dev.platter.emulator.guest.QemuProcess;
import dev.platter.emulator.guest.VmDisk;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestBuilder;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.GuestOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest writes, flushes and keeps book while its disk's server is killed and started again. QEMU
 * reconnects and hands the record of requests in flight to the next server.
 */
@Timeout(600)
class KilledServeIT {
  private static final int KILLS = 20;
  private static final long IMAGE_BYTES = 64L << 20;
  // Between two kills: long enough for the guest to write a few hundred blocks under TCG.
  private static final long LIFE_MILLIS = 700;
  private static final long WRITING_MILLIS = 60_000;

  @TempDir private Path temporary;
  private Path directory;
  private Path image;
  private Path socket;

  @BeforeEach
  void makeImage() throws IOException {
    directory =
        Files.createDirectory(
            temporary.resolve("run"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    image = directory.resolve("disk.img");
    socket = directory.resolve("disk.sock");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
  }

  private Process serve() throws IOException, InterruptedException {
    Path log = directory.resolve("serve.log");
    Files.deleteIfExists(log);
    List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Platter.class.getName());
    command.addAll(List.of("serve", "--export"));
    command.add("virtio-blk,image=" + image + ",socket=" + socket);
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    while (!Files.readString(log).contains("ready")) {
      assertThat(process.waitFor(20, TimeUnit.MILLISECONDS))
          .as("serve ended: %s", Files.readString(log))
          .isFalse();
    }
    return process;
  }

  /** Tells when the guest writes. */
  private static final class Writing implements GuestListener {
    final CountDownLatch begun = new CountDownLatch(1);

    @Override
    public void jobLine(String line, QemuProcess qemu) {
      if (line.contains("flushed")) {
        begun.countDown();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void twentyKillsLoseNothing(boolean packed) throws Exception {
    Guest guest = new GuestBuilder(GuestOptions.defaults()).build();
    Qemu qemu = QemuFinder.onHost(null, null).find(false);
    GuestJob job =
        GuestJob.verifyWrites(
            "virtio", new GuestJob.VerifyWrites(IMAGE_BYTES, 16, 64, WRITING_MILLIS, 7));
    QemuCommand machine =
        new QemuCommand(qemu, 1, 256L << 20)
            .kernel(guest.kernel(), guest.initramfs(), GuestJob.commandLine(List.of(job)))
            .disk(new VmDisk.VhostUser("disk", socket, 1, packed));
    Writing writing = new Writing();
    Killer killer = new Killer(writing.begun, serve());
    Thread thread = Thread.ofPlatform().name("killer").start(killer);
    try {
      GuestRunner.Outcome outcome =
          new GuestRunner(
                  Accelerator.TCG,
                  GuestRunner.Patience.DEFAULT,
                  directory,
                  System.err::println,
                  () -> killer.failure != null)
              .run(machine, writing);
      killer.writesDone();
      thread.join();
      assertThat(killer.failure).isNull();
      assertThat(killer.killed).isEqualTo(KILLS);
      GuestConsole.Result result = outcome.results().getFirst();
      assertThat(result.succeeded()).as("%s", result).isTrue();
      assertThat(result.json().getLast())
          .contains("\"verified\":true", "\"lost\":0", "\"torn\":0", "\"older_than_flush\":0");
      System.out.println("after " + KILLS + " kills: " + result.json().getLast());
    } finally {
      thread.interrupt();
      thread.join();
      killer.server.destroyForcibly().waitFor();
    }
  }

  /** Kills the server again and again once the guest writes, and leaves the last one alive. */
  private final class Killer implements Runnable {
    private final CountDownLatch begun;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile Process server;
    private volatile int killed;
    private volatile @Nullable Throwable failure;

    Killer(CountDownLatch begun, Process server) {
      this.begun = begun;
      this.server = server;
    }

    /** No kill counts any more: nobody writes. */
    void writesDone() {
      done.countDown();
    }

    @Override
    public void run() {
      try {
        begun.await();
        for (int i = 0; i < KILLS && !done.await(LIFE_MILLIS, TimeUnit.MILLISECONDS); i++) {
          server.destroyForcibly().waitFor();
          server = serve();
          killed = i + 1;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException | AssertionError e) {
        failure = e;
      }
    }
  }
}
