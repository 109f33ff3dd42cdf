package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Landlock;
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
import dev.platter.guestimages.GuestImageException;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.GuestOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server as its launcher starts it, confined: a guest works on its disk while no thread of the
 * server can open what it does not serve. Also as root, who may otherwise open everything.
 */
@Timeout(600)
class ConfinementIT {
  private static final long IMAGE_BYTES = 64L << 20;
  private static final long WRITING_MILLIS = 8_000;
  private static final String SHADOW = "/etc/shadow";

  @TempDir private Path temporary;
  private Path directory;
  private Path image;
  private Path secret;
  private Path socket;
  private Path log;
  private Process server;

  @BeforeEach
  void serve() throws Exception {
    int abi = Landlock.landlockAbi();
    assumeTrue(abi > 0, () -> "needs a kernel with Landlock, which answers " + abi);
    directory =
        Files.createDirectory(
            temporary.resolve("run"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    image = sized("disk.img");
    secret = sized("secret");
    socket = directory.resolve("disk.sock");
    log = temporary.resolve("serve.log");
    ProcessBuilder launcher =
        new ProcessBuilder(
            "env",
            "--default-signal",
            Path.of("..", "platter").toString(),
            "serve",
            "--confine=on",
            "--export",
            "virtio-blk,name=disk,image=" + image + ",socket=" + socket);
    launcher.environment().put("JAVA_HOME", System.getProperty("java.home"));
    launcher
        .environment()
        .put("PLATTER_JAVA_OPTS", "-Dplatter.probe-open=" + SHADOW + ":" + secret);
    server = launcher.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    while (!Files.readString(log).contains("thread=disk path=" + secret)) {
      assertThat(server.waitFor(20, TimeUnit.MILLISECONDS))
          .as("serve ended: %s", Files.readString(log))
          .isFalse();
    }
  }

  private Path sized(String name) throws IOException {
    Path path = temporary.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
    return path;
  }

  @AfterEach
  void end() throws Exception {
    if (server != null) {
      server.destroyForcibly().waitFor();
    }
  }

  private static Guest guest() {
    try {
      return new GuestBuilder(GuestOptions.defaults()).build();
    } catch (GuestImageException e) {
      return Assumptions.abort(String.valueOf(e.getMessage()));
    }
  }

  private static Qemu qemu() {
    try {
      return QemuFinder.onHost(null, null).find(false);
    } catch (PlatterException e) {
      return Assumptions.abort(e.getMessage() + "; " + e.remedy());
    }
  }

  /** Looks at the server's threads while the guest writes, when there are most of them. */
  private final class Looking implements GuestListener {
    final List<String> statuses = new ArrayList<>();

    @Override
    public void jobLine(String line, QemuProcess qemu) {
      if (line.contains("flushed") && statuses.isEmpty()) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + server.pid(), "task"))) {
          for (Path task : tasks.toList()) {
            add(task.resolve("status"));
          }
        } catch (IOException e) {
          statuses.add(e.toString());
        }
      }
    }

    private void add(Path status) throws IOException {
      try {
        statuses.add(Files.readString(status));
      } catch (NoSuchFileException e) {
        statuses.add("ended meanwhile, NoNewPrivs:\t1");
      }
    }
  }

  @Test
  void aGuestWorksOnItsDiskAndNoThreadOpensAnythingElse() throws Exception {
    GuestJob job =
        GuestJob.verifyWrites(
            "virtio", new GuestJob.VerifyWrites(IMAGE_BYTES, 16, 64, WRITING_MILLIS, 7));
    Guest guest = guest();
    QemuCommand machine =
        new QemuCommand(qemu(), 1, 256L << 20)
            .kernel(guest.kernel(), guest.initramfs(), GuestJob.commandLine(List.of(job)))
            .disk(new VmDisk.VhostUser("disk", socket, 1, false));
    Looking looking = new Looking();
    GuestRunner.Outcome outcome =
        new GuestRunner(
                Accelerator.TCG,
                GuestRunner.Patience.DEFAULT,
                directory,
                System.err::println,
                () -> false)
            .run(machine, looking);
    GuestConsole.Result result = outcome.results().getFirst();
    assertThat(result.succeeded()).as("%s", result).isTrue();
    assertThat(result.json().getLast()).contains("\"verified\":true", "\"lost\":0");

    assertThat(looking.statuses).hasSizeGreaterThan(5).allMatch(s -> s.contains("NoNewPrivs:\t1"));
    List<String> lines = Files.readAllLines(log);
    // Before it the launcher may have told that it builds.
    assertThat(lines)
        .anyMatch(
            line -> line.contains("confined landlock=\"abi ") && line.contains("dumpable=false"));
    for (String thread : List.of("main", "main-loop", "disk", "export")) {
      for (Object path : List.of(SHADOW, secret)) {
        assertThat(lines)
            .anyMatch(
                line -> line.endsWith("thread=" + thread + " path=" + path + " result=EACCES"));
      }
    }
    assertThat(lines).noneMatch(line -> line.contains("result=opened"));
    assertThat(server.toHandle().destroy()).isTrue();
    assertThat(server.waitFor()).isZero();
  }
}
