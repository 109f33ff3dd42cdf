package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class UnixListenerTest {
  private static final int F_DUPFD_CLOEXEC = 1030; // linux/fcntl.h

  @TempDir Path directory;
  private Path path;

  @BeforeEach
  void choosePath() {
    path = directory.resolve("vda.sock");
  }

  private static void setMode(Path file, String mode) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  private static void assertRefused(Path path, String... parts) {
    assertThatThrownBy(() -> UnixListener.bind(path).close())
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e.getMessage()).contains(parts);
              assertThat(e.remedy()).isNotEmpty();
            });
  }

  private static int rawListener(Path path) throws IOException {
    int fd = UnixConnection.open();
    assertThat(Sockets.bind(fd, UnixConnection.address(path))).isZero();
    assertThat(Sockets.listen(fd, 1)).isZero();
    return fd;
  }

  private static void assertAccepts(UnixListener listener, Path path) throws IOException {
    try (UnixConnection client = UnixConnection.connect(path);
        UnixConnection server = listener.accept();
        Arena arena = Arena.ofConfined();
        ReceivedFds fds = new ReceivedFds()) {
      MemorySegment byteSent = arena.allocate(1);
      byteSent.set(JAVA_BYTE, 0, (byte) 42);
      client.send(byteSent, 0, 1);
      MemorySegment received = arena.allocate(1);
      assertThat(server).isNotNull();
      assertThat(server.receive(received, 0, 1, fds)).isTrue();
      assertThat(received.get(JAVA_BYTE, 0)).isEqualTo((byte) 42);
      assertThat(server.peerPid()).isEqualTo((int) ProcessHandle.current().pid());
    }
  }

  @Test
  void theSocketIsForItsOwnerOnlyAndGoesWithTheListener() throws Exception {
    UnixListener listener = UnixListener.bind(path);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    assertAccepts(listener, path);
    listener.close();
    listener.close();
    assertThat(path).doesNotExist();
    assertThat(listener.accept()).isNull();
  }

  @Test
  void aStaleSocketIsReplaced() throws Exception {
    Libc.close(rawListener(path)); // as a process leaves it that was killed
    assertThat(path).exists();
    try (UnixListener listener = UnixListener.bind(path)) {
      assertAccepts(listener, path);
    }
  }

  /** A process whose first thread has ended: a zombie, while the other thread holds the socket. */
  private Process dyingListener() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3 to be a process");
    String script =
        """
        import ctypes, socket, sys, threading
        s = socket.socket(socket.AF_UNIX)
        s.bind(sys.argv[1])
        s.listen(1)
        threading.Thread(target=sys.stdin.read).start()
        print('up', flush=True)
        ctypes.CDLL(None).syscall(60, 0)
        """; // exit(2) of the first thread alone
    Process dying = new ProcessBuilder("python3", "-c", script, path.toString()).start();
    assertThat(dying.inputReader().readLine()).isEqualTo("up");
    Path stat = Path.of("/proc", dying.pid() + "", "stat");
    while (!Files.readString(stat).contains(") Z")) {
      Thread.onSpinWait();
    }
    return dying;
  }

  /** A process that was killed has its files until the last of its threads is gone. */
  @Test
  void whoIsDyingIsWaitedFor() throws Exception {
    Process dying = dyingListener();
    try {
      CompletableFuture<UnixListener> bound =
          CompletableFuture.supplyAsync(() -> UnixListener.bind(path));
      assertThatThrownBy(() -> bound.get(100, TimeUnit.MILLISECONDS))
          .as("no refusal")
          .isInstanceOf(TimeoutException.class);
      dying.destroyForcibly();
      try (UnixListener listener = bound.get()) {
        assertAccepts(listener, path);
      }
    } finally {
      dying.destroyForcibly().waitFor();
    }
  }

  /** Its socket's queue is short: who asks again and again fills it, and waits there for ever. */
  @Test
  void whoIsDyingIsNotWaitedForEver() throws Exception {
    Process dying = dyingListener();
    try {
      assertThat(UnixListener.isListening(path)).isTrue();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> UnixListener.bind(path, TimeUnit.MILLISECONDS.toNanos(200)))
            .isInstanceOfSatisfying(
                PlatterException.class,
                e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.FAILED))
            .hasMessageContaining("a process that was killed but cannot end yet listens on");
      }
      assertThat(UnixListener.isTaken(path)).isFalse();
    } finally {
      dying.destroyForcibly().waitFor();
    }
  }

  @Test
  void whoLivesHasTaken() throws Exception {
    assertThat(UnixListener.isTaken(path)).isFalse();
    try (UnixListener _ = UnixListener.bind(path)) {
      assertThat(UnixListener.isTaken(path)).isTrue();
    }
    Libc.close(rawListener(path)); // as a process leaves it that was killed
    assertThat(UnixListener.isListening(path)).isFalse();
    assertThat(UnixListener.isTaken(path)).isFalse();
  }

  /** Who does not accept may be dying, too, which only a connection tells: no reason to give up. */
  @Test
  void aFullQueueIsWaitedForAndIsNoBadInput() throws Exception {
    int fd = rawListener(path);
    try (UnixConnection first = UnixConnection.connect(path);
        UnixConnection second = UnixConnection.connect(path)) {
      assertThat(first).isNotSameAs(second);
      assertThatThrownBy(() -> UnixListener.bind(path, TimeUnit.MILLISECONDS.toNanos(200)))
          .isInstanceOfSatisfying(
              PlatterException.class,
              e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.FAILED))
          .hasMessageContaining("takes no more connections");
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void aLiveSocketIsRefusedAndUnharmed() throws Exception {
    try (UnixListener listener = UnixListener.bind(path)) {
      assertRefused(path, "somebody listens on", path.toString());
      // The probe is a client that left at once.
      try (UnixConnection probe = listener.accept()) {
        assertThat(probe).isNotNull();
      }
      assertAccepts(listener, path);
    }
  }

  @Test
  void aFileThatIsNoSocketIsRefusedAndKept() throws Exception {
    Files.writeString(path, "precious");
    assertRefused(path, path.toString(), "no socket");
    assertThat(path).hasContent("precious");
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Path elsewhere = directory.resolve("elsewhere.sock");
    Libc.close(rawListener(elsewhere));
    Files.createSymbolicLink(path, elsewhere);
    assertRefused(path, "no socket");
    assertThat(elsewhere).exists();
  }

  @Test
  void aDirectoryThatOthersMayWriteToIsRefused() throws Exception {
    Path open = Files.createDirectory(directory.resolve("open"));
    Path inside = open.resolve("vda.sock");
    setMode(open, "rwxrwx---");
    assertRefused(inside, open.toString(), "can be written by others");
    setMode(open, "rwx----w-");
    assertRefused(inside, "can be written by others");
    // As /tmp: others cannot replace what is not theirs.
    Files.setAttribute(open, "unix:mode", 01777);
    UnixListener.bind(inside).close();
    setMode(open, "rwxr-xr-x");
    UnixListener.bind(inside).close();
  }

  @Test
  void aMissingDirectoryIsRefused() {
    assertRefused(directory.resolve("none").resolve("vda.sock"), "does not exist");
  }

  @Test
  void aPathThatIsTooLongIsRefused() {
    assertRefused(directory.resolve("x".repeat(LinuxAbi.SUN_PATH_SIZE)), "longer than 107 bytes");
  }

  @Test
  void closeLeavesASocketThatSomebodyElseHasPutThere() throws Exception {
    UnixListener listener = UnixListener.bind(path);
    Files.delete(path);
    int other = rawListener(path);
    listener.close();
    assertThat(path).exists();
    Libc.close(other);
  }

  @Test
  void aSocketThatWasOpenedToOthersGoesWithTheListener() throws Exception {
    UnixListener listener = UnixListener.bind(path);
    setMode(path, "rw-rw----");
    listener.close();
    assertThat(path).doesNotExist();
  }

  @Test
  void closeEndsAWaitForClients() {
    UnixListener listener = UnixListener.bind(path);
    CompletableFuture<Boolean> ended =
        CompletableFuture.supplyAsync(() -> {
          try {
            return listener.accept() == null;
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    listener.close();
    assertThat(ended.join()).isTrue();
  }

  @Test
  void anInheritedSocketIsUsedAndNotRemoved() throws Exception {
    int fd = rawListener(path);
    int theirs = Libc.fcntl(fd, F_DUPFD_CLOEXEC, 3);
    try (UnixListener listener = UnixListener.inherited(fd)) {
      assertAccepts(listener, path);
    }
    assertThat(path).exists();
    // Whoever it came from can go on with it: it was not shut down.
    try (UnixListener again = UnixListener.inherited(theirs)) {
      assertAccepts(again, path);
    }
  }

  @Test
  void whoListensIsSeenWithoutBeingAskedForIt() throws Exception {
    Path path = directory.resolve("seen.sock");
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
    assertThat(UnixListener.isListening(path)).isFalse();
    try (UnixListener listener = UnixListener.bind(path)) {
      assertThat(UnixListener.isListening(path)).isTrue();
      assertThat(UnixListener.isListening(link.resolve("seen.sock"))).isTrue();
      assertThat(UnixListener.isListening(directory.resolve("other.sock"))).isFalse();
      Path relative = Path.of("").toAbsolutePath().relativize(path);
      if (relative.toString().length() < 100) { // a socket's path has its limit
        assertThat(UnixListener.isListening(relative)).isTrue();
      }
      Thread stop = Thread.ofPlatform().start(listener::close);
      assertThat(listener.accept()).as("nobody has connected").isNull();
      stop.join();
    }
    Files.createFile(path);
    assertThat(UnixListener.isListening(path)).isFalse();
  }

  @Test
  void whatIsNoListeningUnixSocketIsNotInherited() throws Exception {
    int notListening = UnixConnection.open();
    int datagram = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_DGRAM, 0);
    int internet = Sockets.socket(2, LinuxAbi.SOCK_STREAM, 0); // AF_INET
    assertThat(Sockets.listen(internet, 1)).isZero();
    int file = Libc.open("/dev/null", LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
    for (int fd : new int[] {notListening, datagram, internet, file, -1, 1_000_000}) {
      assertThatThrownBy(() -> UnixListener.inherited(fd))
          .isInstanceOf(PlatterException.class)
          .hasMessage(
              "descriptor "
                  + fd
                  + (fd == -1 || fd == 1_000_000
                      ? " is not open"
                      : " is no listening Unix stream socket"));
    }
    // They are not ours to close.
    for (int fd : new int[] {notListening, datagram, internet, file}) {
      assertThat(Libc.close(fd)).isZero();
    }
  }
}
