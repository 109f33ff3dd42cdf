package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Platter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * User Mode Linux: a real Linux at native speed, and a vhost-user front-end that is not QEMU. It
 * does not connect again, so after a kill of the server it boots again.
 */
@Timeout(300)
class UmlGuestIT {
  private static final Path KERNEL = Path.of("/usr/bin/linux.uml");
  private static final Path MODULES = Path.of("/usr/lib/uml/modules");
  private static final long IMAGE_BYTES = 32L << 20;

  /**
   * Writes a pattern with direct I/O and compares; told to, it then goes on to write elsewhere for
   * ever, or compares alone.
   */
  private static final String INIT =
      """
      #!/bin/busybox sh
      alias b=/bin/busybox
      b mount -t proc p /proc
      b mount -t sysfs s /sys
      b mount -t devtmpfs d /dev
      b insmod /virtio_blk.ko
      i=0
      while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do b sleep 0.1; i=$((i + 1)); done
      b yes 'what is acknowledged stays' | b head -c 4194304 > /pattern
      job=$(b sed -n 's/.*job=\\([a-z]*\\).*/\\1/p' /proc/cmdline)
      if [ "$job" != verify ]; then
        b dd if=/pattern of=/dev/vda bs=64k oflag=direct 2>/dev/null && echo uml: wrote
      fi
      b dd if=/dev/vda of=/back bs=4k count=1024 iflag=direct 2>/dev/null
      b cmp /pattern /back && echo uml: same
      while [ "$job" = endless ]; do
        b dd if=/pattern of=/dev/vda bs=4k seek=2048 oflag=direct 2>/dev/null || break
      done
      echo uml: done
      b poweroff -f
      """;

  @TempDir private Path temporary;
  private Path directory;
  private Path socket;
  private Path initramfs;
  private final List<Process> started = new ArrayList<>();

  private static @Nullable Path busybox() {
    return Stream.of("/bin/busybox", "/usr/bin/busybox")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private static @Nullable Path blockModule() throws IOException {
    if (!Files.isExecutable(KERNEL) || !Files.isDirectory(MODULES)) {
      return null;
    }
    try (Stream<Path> files = Files.walk(MODULES)) {
      return files.filter(f -> f.endsWith("virtio_blk.ko")).findFirst().orElse(null);
    }
  }

  @BeforeEach
  void prepare() throws Exception {
    Path module = blockModule();
    Path busybox = busybox();
    if (module == null || busybox == null) {
      throw TestVm.skipped("User Mode Linux needs user-mode-linux and busybox-static installed");
    }
    directory =
        Files.createDirectory(
            temporary.resolve("run"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    socket = directory.resolve("disk.sock");
    try (RandomAccessFile file =
        new RandomAccessFile(directory.resolve("disk.img").toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
    Path root = Files.createDirectory(directory.resolve("root"));
    for (String name : List.of("bin", "dev", "proc", "sys")) {
      Files.createDirectory(root.resolve(name));
    }
    Files.copy(busybox, root.resolve("bin/busybox"));
    Files.copy(module, root.resolve("virtio_blk.ko"));
    Path init = Files.writeString(root.resolve("init"), INIT);
    Files.setPosixFilePermissions(init, PosixFilePermissions.fromString("rwxr-xr-x"));
    initramfs = directory.resolve("initramfs");
    Process cpio =
        new ProcessBuilder("sh", "-c", "find . | " + busybox + " cpio -o -H newc 2>/dev/null")
            .directory(root.toFile())
            .redirectOutput(initramfs.toFile())
            .start();
    assertThat(cpio.waitFor()).isZero();
  }

  @AfterEach
  void killAll() throws InterruptedException {
    for (Process process : started) {
      kill(process);
    }
  }

  private static void kill(Process process) throws InterruptedException {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly().waitFor();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  private Process start(List<String> command, Path log) throws IOException {
    Files.deleteIfExists(log);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.redirectInput(Path.of("/dev/null").toFile());
    Map<String, String> environment = builder.environment();
    environment.put("HOME", directory.toString()); // where UML keeps what it knows of its machines
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private static void await(Process process, Path log, String line)
      throws IOException, InterruptedException {
    while (!Files.readString(log).contains(line)) {
      boolean ended = process.waitFor(20, TimeUnit.MILLISECONDS);
      String all = Files.readString(log);
      assertThat(ended && !all.contains(line)).as("ended without '%s': %s", line, all).isFalse();
    }
  }

  private Path serveLog() {
    return directory.resolve("serve.log");
  }

  private Process serve() throws IOException, InterruptedException {
    Process server =
        start(
            List.of(
                "env",
                "--default-signal",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Platter.class.getName(),
                "serve",
                "--export",
                // UML shares a gap of its address space, too, which it never touches.
                "virtio-blk,guest-memory=8G,image="
                    + directory.resolve("disk.img")
                    + ",socket="
                    + socket),
            serveLog());
    await(server, serveLog(), "ready");
    return server;
  }

  private Path console() {
    return directory.resolve("console");
  }

  private Process boot(String job) throws IOException {
    return start(
        List.of(
            KERNEL.toString(),
            "mem=128M",
            "initrd=" + initramfs,
            "rdinit=/init",
            "virtio_uml.device=" + socket + ":2:1",
            "con=null",
            "con0=fd:0,fd:1",
            "job=" + job),
        console());
  }

  @Test
  void bootsWritesAndVerifies() throws Exception {
    serve();
    Process guest = boot("write");
    await(guest, console(), "uml: done");
    assertThat(Files.readString(console())).contains("uml: wrote", "uml: same");
    assertThat(Files.readString(serveLog()))
        .doesNotContain("refused", "queue-broken", "client-dropped");
  }

  @Test
  void whatItHasWrittenOutlivesAKillOfTheServer() throws Exception {
    Process server = serve();
    Process guest = boot("endless");
    await(guest, console(), "uml: same");
    server.destroyForcibly().waitFor(); // in the midst of other writes
    kill(guest);
    serve();
    Process again = boot("verify");
    await(again, console(), "uml: done");
    assertThat(Files.readString(console())).contains("uml: same").doesNotContain("uml: wrote");
  }
}
