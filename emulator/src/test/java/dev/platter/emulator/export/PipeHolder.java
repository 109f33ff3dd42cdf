package dev.platter.emulator.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process with a pipe whose lock it holds, once it is told to: a splice into a socket that nobody
 * reads waits for room with the lock.
 */
public final class PipeHolder implements AutoCloseable {
  private static final String PROGRAM =
      """
      import fcntl, os, socket, sys, threading
      r, w = os.pipe()
      fcntl.fcntl(w, 1031, 1 << 18)
      a, b = socket.socketpair()
      a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
      os.write(w, bytes(1 << 17))
      print(w, flush=True)
      sys.stdin.readline()
      def held():
        b.recv(1, socket.MSG_PEEK)
        print("held", flush=True)
      threading.Thread(target=held, daemon=True).start()
      os.splice(r, a.fileno(), 1 << 17)
      """;

  private final Process process;
  private final BufferedReader says;
  private final String path;

  /** Starts one, which does not hold the lock yet; skips the test if the host has no Python. */
  public PipeHolder() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3 to hold a pipe");
    process = new ProcessBuilder("python3", "-c", PROGRAM).start();
    says = process.inputReader(UTF_8);
    path = "/proc/" + process.pid() + "/fd/" + says.readLine();
  }

  /** A descriptor of its end for writing that is nobody else's; to be had before it is held. */
  public int open() {
    int fd = Libc.open(path, LinuxAbi.O_WRONLY | LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      throw new AssertionError("the pipe cannot be opened: " + fd);
    }
    return fd;
  }

  /** Has the lock held from now on, until it is closed. */
  public void hold() throws IOException {
    process.outputWriter(UTF_8).append('\n').flush();
    if (!"held".equals(says.readLine())) {
      throw new AssertionError("the pipe is not held");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
