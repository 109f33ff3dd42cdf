package dev.platter.aio.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FileChangesTest {
  private static final int LONG_MILLIS = 50_000;

  @TempDir private Path directory;

  private static int open(Path path) {
    int fd = Libc.open(path.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    assertThat(fd).isNotNegative();
    return fd;
  }

  private static void grow(Path path) throws Exception {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1}), file.size());
    }
  }

  @Test
  void whoHasWrittenAndClosedIsToldAndWhoWritesIsNot() throws Exception {
    Path path = Files.createFile(directory.resolve("file"));
    Path other = Files.createFile(directory.resolve("other"));
    int fd = open(path);
    try (FileChanges changes = new FileChanges();
        FileChannel ours = FileChannel.open(path, StandardOpenOption.WRITE)) {
      int watch = changes.watch(fd);
      assertThat(watch).isNotNegative();
      ours.write(ByteBuffer.wrap(new byte[4096]));
      grow(other);
      assertThat(Files.readAllBytes(path)).hasSize(4096);
      assertThat(changes.await(0)).isFalse();
      grow(path);
      assertThat(changes.await(LONG_MILLIS)).isTrue();
      assertThat(changes.await(0)).isFalse();
    } finally {
      Libc.close(fd);
    }
  }

  /** Two images may be one file. */
  @Test
  void theLastWhoWatchesAFileEndsItsWatch() throws Exception {
    Path path = Files.createFile(directory.resolve("file"));
    int fd = open(path);
    try (FileChanges changes = new FileChanges()) {
      int first = changes.watch(fd);
      int second = changes.watch(fd);
      changes.unwatch(first);
      grow(path);
      assertThat(changes.await(LONG_MILLIS)).isTrue();
      changes.unwatch(second);
      boolean _ = changes.await(0); // the kernel tells of the end
      grow(path);
      assertThat(changes.await(0)).isFalse();
      changes.unwatch(FileChanges.NONE);
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void whoWaitsCanBeWoken() throws Exception {
    FileChanges changes = new FileChanges();
    Thread waiting = Thread.ofPlatform().start(() -> changes.await(-1));
    changes.wake();
    waiting.join();
    assertThat(changes.await(-1)).isFalse(); // from now on
    changes.close();
    // Of the two descriptors that were closed these have the numbers; nobody writes to them.
    int one = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC | LinuxAbi.EFD_NONBLOCK);
    int two = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC | LinuxAbi.EFD_NONBLOCK);
    changes.wake();
    changes.close();
    try (Arena arena = Arena.ofConfined()) {
      long counter = arena.allocate(Long.BYTES).address();
      for (int fd : new int[] {one, two}) {
        assertThat(Libc.read(fd, counter, Long.BYTES)).isEqualTo(-Errno.EAGAIN);
        assertThat(Libc.close(fd)).isZero();
      }
    }
  }
}
