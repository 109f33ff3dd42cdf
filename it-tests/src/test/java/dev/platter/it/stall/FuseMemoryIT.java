package dev.platter.it.stall;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.export.SharedMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client that lends a file whose pages come when it likes. */
@Timeout(120)
class FuseMemoryIT {
  private static final long BYTES = 1 << 20;

  @Test
  void aFuseFileIsNoMemory(@TempDir Path directory) {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    assumeTrue(Files.exists(Path.of("/dev/fuse")), "there is no /dev/fuse");
    Path program = StallRun.compile(Path.of("stall", "held-file.c"), directory);
    try (StalledDisk file = StalledDisk.Way.FUSE.make(directory, program, BYTES, 1)) {
      int fd = Libc.open(file.image().toString(), LinuxAbi.O_RDWR, 0);
      try {
        assertThatThrownBy(() -> SharedMemory.map(fd, 0, BYTES, true, () -> {}).close())
            .isInstanceOf(SharedMemory.Unusable.class)
            .hasMessageContaining("FUSE");
      } finally {
        Libc.close(fd);
      }
    }
  }
}
