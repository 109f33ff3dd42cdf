package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is too long for the kernel is called so by every command, before it does anything. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class LongNamesTest {
  private static final String SERVE = "serve --check --export virtio-blk,image=IMAGE,socket=";

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "iotest LONG",
        "iotest --total 1M --json LONG",
        "iotest --total 1M --report LONG",
        "bench LONG",
        "bench IMAGE --rw randwrite --destroy-data --verify --verify-state LONG",
        "image info LONG",
        "image info IMAGE --json LONG",
        "image create LONG --size 1M",
        "doctor LONG",
        "doctor --json LONG",
        "report LONG --report page.html",
        "report IMAGE --report LONG",
        "lab ring-flags --json LONG",
        "guest build --output LONG",
        "guest boot-disk LONG",
        "guest run --kernel LONG",
        "guest run --json LONG",
        "serve --check --export virtio-blk,image=LONG,socket=s.sock",
        SERVE + "LONG",
        SERVE + "s.sock --allow LONG",
        SERVE + "s.sock --control LONG",
        SERVE + "s.sock --stages LONG",
        "serve --check --config LONG",
        "ctl --socket LONG list",
      })
  void everyCommandSaysSo(String command) throws Exception {
    Path image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    for (String name : new String[] {"é".repeat(128), "/tmp" + "/x".repeat(2_046)}) {
      String line = command.replace("IMAGE", image.toString());
      Cli cli = Cli.run((Object[]) line.replace("LONG", name).split(" ", -1));
      assertThat(cli.err() + cli.out()).as(line).containsAnyOf("too long", "longer than");
      assertThat(cli.exitCode()).as(line).isEqualTo(2);
    }
  }

  @Test
  void aSocketIsNotFoundBecauseItsPathIsTooLong() {
    Path socket = directory.resolve("s".repeat(110));
    Cli cli = Cli.run("ctl", "--socket", socket, "list");
    assertThat(cli.err()).contains("longer than 107 bytes", "  try: ");
    assertThat(cli.exitCode()).isEqualTo(2);
  }

  /** The kernel's limit for sockets is on the path as it is given. */
  @Tag("slow")
  @Test
  void relativeSocketsStayRelative() throws Exception {
    Path deep = Files.createDirectories(directory.resolve("d".repeat(60)).resolve("e".repeat(60)));
    Files.write(deep.resolve("disk.img"), new byte[4096]);
    ProcessBuilder serve =
        ChildJvm.builder(
            Platter.class,
            "serve",
            "--control=ctl.sock",
            "--export=virtio-blk,cache=writeback,image=disk.img,socket=vda.sock");
    Process server = ChildProcess.start(serve.directory(deep.toFile()));
    try (BufferedReader log = server.inputReader(UTF_8)) {
      String line = log.readLine();
      while (line != null && !line.contains(" ready ")) {
        assertThat(line).doesNotContain("platter: cannot");
        line = log.readLine();
      }
      assertThat(line).contains("control=ctl.sock");
      assertThat(deep.resolve("vda.sock")).exists();
      ProcessBuilder list =
          ChildJvm.builder(Platter.class, "ctl", "--socket", "ctl.sock", "list")
              .directory(deep.toFile());
      assertThat(ChildProcess.run(list).output()).contains(" vda.sock");
      server.destroy();
      assertThat(server.waitFor()).isZero();
    } finally {
      ChildProcess.kill(server);
    }
    assertThat(deep.resolve("vda.sock")).doesNotExist();
  }
}
