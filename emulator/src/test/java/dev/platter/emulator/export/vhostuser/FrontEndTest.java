package dev.platter.emulator.export.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of one front-end begin and end with: it is connected, and nothing is left of it. */
abstract class FrontEndTest {
  static final byte[] NOTHING = {};

  @TempDir Path directory;
  VhostUserRig rig;
  VhostUserClient client;
  UnixConnection backEnd;
  Served served;

  @BeforeEach
  final void setUp() throws Exception {
    rig = new VhostUserRig(directory);
    connect();
  }

  /** Connects; the client that was there before has gone. */
  final void connect() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    client = new VhostUserClient(pair[0]);
    backEnd = pair[1];
    served = rig.serve(backEnd);
  }

  @AfterEach
  final void tearDown() throws Exception {
    client.close();
    served.await();
    rig.close();
    assertThat(rig.memory.regions()).isEmpty();
  }

  /** All that it takes to use the disk, with one queue. */
  final Queue bringUp(boolean packed) throws IOException {
    if (packed) {
      client.features |= VirtioFeatures.RING_PACKED;
    }
    return client.bringUp();
  }
}
