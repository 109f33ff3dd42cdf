package dev.platter.emulator.cli.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Cli;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused before anything is built, downloaded or booted. */
class GuestCommandsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          --device raw              | a guest has no raw device
          --runs 0                  | --runs must be at least 1
          --cpus 0                  | --cpus must be between 1 and 64
          --memory 64M              | --memory must be whole MiB
          --total 100K              | --total must be a multiple of 128K
          --bs 100                  | --bs must be a multiple of 512
          --iodepth 0               | --iodepth must be between 1 and 256
          --bs 32M --iodepth 32     | --bs times --iodepth a quarter of --memory
          --runtime 0               | --runtime must be at least 1ms
          --timeout 0               | --timeout must not be 0
          --kernel /k               | --kernel and --modules belong together
          --qemu /q --qemu-root /r  | --qemu and --qemu-root exclude each other
          --rw randwrite disk.img   | would overwrite disk.img
          --shell --json -          | --shell has no result for --json
          --workload fio            | 'fio' is not one of iotest, fio-like
          --accel hvf               | 'hvf' is not one of auto, kvm, tcg
          --peer crosvm             | 'crosvm' is not one of qemu
          --logical-block-size 1024 | '1024' is not one of 512, 4096
          --logical-block-size 4096 --bs 512 | --bs must be a multiple of 4096
          --logical-block-size 4096 --peer qemu | has no meaning with --peer
          --cache writeback --peer qemu | has no meaning with --peer
          --workload iotest --rw randread | --rw has no effect without the workload fio-like
          --shell --runs 2 | --runs has no effect with --shell
          --device ahci --poll-max 8us | --poll-max has no effect without virtio
          """)
  void optionsThatMakeNoSenseAreBadUsage(String options, String message) {
    Cli run = Cli.run((Object[]) ("guest run " + options).split(" ", -1));
    assertThat(run.err()).contains(message);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aQemuThatIsTooOldIsWhatTheHostLacks(@TempDir Path directory) throws Exception {
    Path old = directory.resolve("qemu-system-x86_64");
    Files.writeString(old, "#!/bin/sh\necho QEMU emulator version 7.2.22\n");
    assertThat(old.toFile().setExecutable(true)).isTrue();
    Cli run = Cli.run("guest", "run", "--qemu", old);
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err())
        .contains("7.2.22", "vfio-user", "trixie-backports", "guest-images/make-qemu-root");
  }

  @Test
  void aCommandMustBeGiven() {
    assertThat(Cli.run("guest").err()).contains("a command is missing after 'guest'");
  }
}
