package dev.platter.aio.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class FileHandleTest {
  private static final int SIZE = 8192;

  @TempDir Path directory;

  private Path image() throws IOException {
    return Files.write(directory.resolve("image"), new byte[SIZE]);
  }

  private static void assertBadInput(Path path, boolean writable, String message) {
    assertThatThrownBy(() -> FileHandle.open(path.toString(), writable, false))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e).hasMessageContaining(path.toString()).hasMessageContaining(message);
              assertThat(e.remedy()).isNotEmpty();
              assertThat(e.path()).isEqualTo(path.toString());
              assertThat(e.errno()).isPositive();
            });
  }

  @Test
  void whatCannotBeOpenedIsExplained() throws Exception {
    assertBadInput(directory.resolve("none"), false, "no such file");
    assertBadInput(image().resolve("below"), false, "no such file");
    assertBadInput(directory, true, "directory");
  }

  @Test
  void permissionIsExplained() throws Exception {
    Path secret = image();
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
    assumeFalse(Files.isReadable(secret), "root may open everything");
    assertBadInput(secret, false, "permission denied");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("r--r--r--"));
    assertBadInput(secret, true, "permission denied for writing");
    FileHandle.open(secret.toString(), false, false).close();
  }

  @Test
  void openingAFifoDoesNotHang() throws Exception {
    Path fifo = directory.resolve("fifo");
    assumeTrue(
        new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0, "needs mkfifo");
    try (FileHandle handle = FileHandle.open(fifo.toString(), false, false)) {
      assertThat(handle.facts().type()).isEqualTo(FileFacts.Type.OTHER);
    }
  }

  @Test
  void createMakesAFileThatMustNotExist() throws Exception {
    Path path = directory.resolve("new");
    try (FileHandle handle = FileHandle.create(path.toString())) {
      assertThat(handle.facts().sizeBytes()).isZero();
      assertThat(handle.direct()).isFalse();
    }
    assertThatThrownBy(() -> FileHandle.create(path.toString()))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("it exists");
  }

  @Test
  void factsOfARegularFileAndADirectory() throws Exception {
    Path path = image();
    try (FileHandle handle = FileHandle.open(path.toString(), true, false);
        FileHandle folder = FileHandle.open(directory.toString(), false, false)) {
      FileFacts facts = handle.facts();
      assertThat(facts.type()).isEqualTo(FileFacts.Type.REGULAR);
      assertThat(facts.sizeBytes()).isEqualTo(SIZE);
      assertThat(facts.inode()).isEqualTo(Files.getAttribute(path, "unix:ino"));
      long device = ((Number) Files.getAttribute(path, "unix:dev")).longValue();
      // sys/sysmacros.h, gnu_dev_major and gnu_dev_minor
      assertThat((long) facts.deviceMajor()).isEqualTo((device >> 8) & 0xfff);
      assertThat((long) facts.deviceMinor())
          .isEqualTo((device & 0xff) | ((device >> 12) & 0xfff00));
      assertThat(facts.filesystem()).isNotEmpty();
      if (facts.directReported()) {
        assertThat(Integer.bitCount(facts.directOffsetAlignment())).isLessThanOrEqualTo(1);
      }
      assertThat(folder.facts().type()).isEqualTo(FileFacts.Type.DIRECTORY);
    }
  }

  @Test
  void aWritersLockExcludesAndAReadersIsShared() throws Exception {
    String path = image().toString();
    FileHandle first = FileHandle.open(path, true, false);
    try (FileHandle second = FileHandle.open(path, true, false);
        FileHandle reader = FileHandle.open(path, false, false)) {
      first.lock(true);
      for (FileHandle other : new FileHandle[] {second, reader}) {
        assertThatThrownBy(() -> other.lock(other == second))
            .isInstanceOfSatisfying(
                PlatterException.class,
                e -> {
                  assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
                  assertThat(e)
                      .hasMessageContaining("in use by pid " + ProcessHandle.current().pid())
                      .hasMessageContaining("write lock");
                });
      }
      first.close();
      first.close();
      second.lock(false);
      reader.lock(false);
      assertThatThrownBy(() -> second.lock(true)).hasMessageContaining("read lock");
    }
    try (FileHandle last = FileHandle.open(path, true, false)) {
      last.lock(true);
    }
  }

  @Test
  void aLockIsKnownEvenIfItsHolderIsNot() throws Exception {
    Path path = image();
    try (FileHandle looking = FileHandle.open(path.toString(), false, false);
        FileHandle holder = FileHandle.open(path.toString(), true, false)) {
      assertThat(OfdLock.locked(looking.fd())).isEqualTo(LinuxAbi.F_UNLCK);
      assertThat(looking.lockHolders()).isEmpty();
      holder.lock(false);
      assertThat(OfdLock.locked(looking.fd())).isEqualTo(LinuxAbi.F_RDLCK);
      holder.lock(true);
      assertThat(OfdLock.locked(looking.fd())).isEqualTo(LinuxAbi.F_WRLCK);
      assertThat(OfdLock.locked(holder.fd())).as("its own").isEqualTo(LinuxAbi.F_UNLCK);
      assertThat(looking.lockHolders())
          .singleElement()
          .asString()
          .startsWith("pid " + ProcessHandle.current().pid());
    }
    assertThat(LockHolders.orHidden(List.of(), LinuxAbi.F_WRLCK))
        .containsExactly("a process that this user cannot see, write lock");
    assertThat(LockHolders.orHidden(List.of(), LinuxAbi.F_RDLCK))
        .containsExactly("a process that this user cannot see, read lock");
    assertThat(LockHolders.orHidden(List.of(), LinuxAbi.F_UNLCK)).isEmpty();
    assertThat(LockHolders.orHidden(List.of("pid 1"), LinuxAbi.F_WRLCK)).containsExactly("pid 1");
  }

  @Test
  void anotherProcesssLockIsNamed() throws Exception {
    Path path = image();
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3 to hold a lock");
    // F_OFD_SETLK is 37; struct flock of a 64-bit system.
    String script =
        """
        import fcntl, struct, sys
        f = open(sys.argv[1], 'r+b')
        fcntl.fcntl(f, 37, struct.pack('hhlll', fcntl.F_WRLCK, 0, 0, 0, 0))
        print('held', flush=True)
        sys.stdin.read()
        """;
    Process holder = new ProcessBuilder("python3", "-c", script, path.toString()).start();
    try (FileHandle ours = FileHandle.open(path.toString(), true, false)) {
      assertThat(new String(holder.getInputStream().readNBytes(4), UTF_8)).isEqualTo("held");
      assertThatThrownBy(() -> ours.lock(true))
          .hasMessageContaining("pid " + holder.pid() + " (python3), write lock");
      holder.destroyForcibly().waitFor();
      ours.lock(true); // goes with the process, also when it is killed
    } finally {
      holder.destroyForcibly();
    }
  }

  /** Descriptors come and go while the list is read: that must not end the search. */
  @Test
  void holdersAreFoundWhileOtherFilesOpenAndClose() throws Exception {
    Path path = image();
    AtomicBoolean stop = new AtomicBoolean();
    Thread busy =
        Thread.ofPlatform()
            .start(() -> {
              FileHandle[] open = new FileHandle[50];
              while (!stop.get()) {
                for (int i = 0; i < open.length; i++) {
                  open[i] = FileHandle.open("/dev/null", false, false);
                }
                for (FileHandle handle : open) {
                  handle.close();
                }
              }
            });
    try (FileHandle handle = FileHandle.open(path.toString(), true, false)) {
      handle.lock(true);
      for (int i = 0; i < 20; i++) {
        assertThat(LockHolders.of(handle.facts()))
            .singleElement()
            .asString()
            .startsWith("pid " + ProcessHandle.current().pid());
      }
    } finally {
      stop.set(true);
      busy.join();
    }
  }
}
