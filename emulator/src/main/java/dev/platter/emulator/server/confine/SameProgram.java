package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.ProcessControl;
import dev.platter.emulator.host.OwnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * This program's command line and environment, to execute it once more: same process id, same
 * descriptors, another address space and other threads.
 *
 * @param arguments as bytes, so that nothing is lost in a character set
 * @param environment as bytes, too
 */
record SameProgram(List<byte[]> arguments, List<byte[]> environment) {
  private static final int FIRST_INHERITED = 3;

  /** The running program. */
  static SameProgram running() throws IOException {
    return new SameProgram(strings(OwnProcess.commandLine()), strings(OwnProcess.environment()));
  }

  /** Splits bytes into strings that end with zero bytes. */
  static List<byte[]> strings(byte[] bytes) {
    List<byte[]> strings = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        strings.add(Arrays.copyOfRange(bytes, from, i));
        from = i + 1;
      }
    }
    if (from < bytes.length) {
      strings.add(Arrays.copyOfRange(bytes, from, bytes.length));
    }
    return strings;
  }

  /** The program with more options for the JVM; those of its command line come later, and win. */
  SameProgram withOptions(List<String> options) {
    List<byte[]> all = new ArrayList<>(arguments);
    all.addAll(1, options.stream().map(option -> option.getBytes(UTF_8)).toList());
    return new SameProgram(all, environment);
  }

  /** The program with a variable, which replaces another of the same name. */
  SameProgram withVariable(String name, String value) {
    byte[] prefix = (name + "=").getBytes(UTF_8);
    List<byte[]> all = new ArrayList<>();
    for (byte[] variable : environment) {
      int length = Math.min(variable.length, prefix.length);
      if (!Arrays.equals(Arrays.copyOf(variable, length), prefix)) {
        all.add(variable);
      }
    }
    all.add((name + "=" + value).getBytes(UTF_8));
    return new SameProgram(arguments, all);
  }

  /**
   * Executes it. Does not return.
   *
   * @param descriptors the descriptors that it inherits beside standard input, output and error
   * @throws IOException if the kernel refuses
   */
  void execute(List<Integer> descriptors) throws IOException {
    // Before Linux 5.11 this does nothing, and all descriptors stay open.
    ProcessControl.closeRangeOnExec(FIRST_INHERITED, -1);
    for (int fd : descriptors) {
      if (fd >= FIRST_INHERITED) {
        Libc.fcntl(fd, LinuxAbi.F_SETFD, 0);
      }
    }
    execute();
  }

  /**
   * Executes it with all descriptors that this process has inherited.
   *
   * @throws IOException if the kernel refuses
   */
  void executeInheritingAll() throws IOException {
    Path home = Path.of(System.getProperty("java.home")).toRealPath();
    for (Path each : OwnProcess.descriptors()) {
      int fd = Integer.parseInt(each.getFileName().toString());
      if (fd >= FIRST_INHERITED && isOfJvm(each, home)) {
        Libc.fcntl(fd, LinuxAbi.F_SETFD, LinuxAbi.FD_CLOEXEC);
      }
    }
    execute();
  }

  /**
   * Whether the JVM has opened a descriptor, because it leaves its modules and jars open to
   * programs that it executes.
   */
  private static boolean isOfJvm(Path descriptor, Path home) {
    try {
      Path file = Files.readSymbolicLink(descriptor);
      return file.startsWith(home) || file.toString().endsWith(".jar");
    } catch (IOException e) {
      return false; // it was the descriptor of the directory itself
    }
  }

  private void execute() throws IOException {
    String java;
    try {
      java = Files.readSymbolicLink(OwnProcess.EXECUTABLE).toString();
    } catch (IOException e) {
      java = OwnProcess.EXECUTABLE.toString();
    }
    int result = ProcessControl.execve(java, arguments, environment);
    throw new IOException("executing " + java + " again fails: " + Errno.name(result));
  }

  /** The descriptors that systemd has passed to this process (sd_listen_fds(3)). */
  static List<Integer> fromSystemd(String count, String pid) {
    if (!Long.toString(ProcessHandle.current().pid()).equals(pid) || !count.matches("[0-9]{1,4}")) {
      return List.of();
    }
    return IntStream.range(FIRST_INHERITED, FIRST_INHERITED + Integer.parseInt(count))
        .boxed()
        .toList();
  }
}
