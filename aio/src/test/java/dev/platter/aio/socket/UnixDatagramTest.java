package dev.platter.aio.socket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class UnixDatagramTest {
  @TempDir Path directory;

  private static int receiver(MemorySegment address) {
    int fd = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_DGRAM | LinuxAbi.SOCK_CLOEXEC, 0);
    assertThat(Sockets.bind(fd, address)).isZero();
    return fd;
  }

  private static String received(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(100);
      long length = Libc.read(fd, buffer.address(), 100);
      return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), UTF_8);
    }
  }

  @Test
  void textReachesAPath() throws Exception {
    Path path = directory.resolve("notify");
    int fd = receiver(UnixConnection.address(path));
    UnixDatagram.send(path.toString(), "READY=1");
    assertThat(received(fd)).isEqualTo("READY=1");
    Libc.close(fd);
  }

  @Test
  void textReachesAnAbstractName() throws Exception {
    String name = "platter-test-" + ProcessHandle.current().pid();
    try (Arena arena = Arena.ofConfined()) {
      // unix(7): the name is all the bytes after the zero, as many as the address has.
      MemorySegment address = arena.allocate(2 + 1 + name.length(), 8);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) LinuxAbi.AF_UNIX);
      MemorySegment.copy(MemorySegment.ofArray(name.getBytes(UTF_8)), 0, address, 3, name.length());
      int fd = receiver(address);
      UnixDatagram.send("@" + name, "STOPPING=1");
      assertThat(received(fd)).isEqualTo("STOPPING=1");
      Libc.close(fd);
    }
  }

  @Test
  void nobodyThereIsToldAndNothingLeaks() {
    assertThatThrownBy(() -> UnixDatagram.send(directory.resolve("none").toString(), "READY=1"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none");
    assertThatThrownBy(() -> UnixDatagram.send("x".repeat(108), "READY=1"))
        .hasMessageContaining("too long");
  }
}
