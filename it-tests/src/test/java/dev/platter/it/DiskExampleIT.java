package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.testcontainers.PlatterContainer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

@EnabledIf("dev.platter.it.Containers#havePlatter")
@Testcontainers(disabledWithoutDocker = true)
class DiskExampleIT {
  @Container
  private static final PlatterContainer platter =
      new PlatterContainer().withNetworkMode("none").withScratchDisk("data", 64 << 20, "queues=4");

  /** The vhost-user request GET_FEATURES: a header of three words, answered with 8 bytes more. */
  @Test
  void theDiskIsAModernVirtioDevice() throws Exception {
    var address = UnixDomainSocketAddress.of(platter.virtioSocket("data"));
    try (var socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(address);
      ByteBuffer message = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
      message.putInt(1).putInt(1).putInt(0).flip();
      socket.write(message);
      message.clear();
      while (message.hasRemaining()) {
        assertThat(socket.read(message)).isPositive();
      }
      long features = message.getLong(12);
      assertThat(features >>> 32 & 1).as("VIRTIO_F_VERSION_1").isEqualTo(1);
    }
    assertThat(platter.events()).anyMatch(event -> event.contains("client-connected"));
  }
}
