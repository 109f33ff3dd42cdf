package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. */
class SystemdSocketsTest {
  private static final long PID = 4711;

  private static SystemdSockets passed(int count, String names) {
    return SystemdSockets.of(
        Map.of("LISTEN_PID", "4711", "LISTEN_FDS", "" + count, "LISTEN_FDNAMES", names), PID);
  }

  private static ExportConfig export(String name, Endpoint endpoint) {
    return new VirtioBlkExport(
        name,
        endpoint,
        new ImageConfig("a.img", ImageOptions.WRITABLE),
        name,
        1,
        List.of(),
        OptionalLong.empty());
  }

  private static ExportConfig next(String name) {
    return export(name, new Endpoint.Activated(""));
  }

  @Test
  void inTheirOrderWithoutNames() {
    SystemdSockets sockets =
        SystemdSockets.of(Map.of("LISTEN_PID", "4711", "LISTEN_FDS", "2"), PID);
    assertThat(sockets.assign(List.of(next("a"), next("b")))).isEqualTo(Map.of("a", 3, "b", 4));
  }

  @Test
  void byNameFirst() {
    List<ExportConfig> exports =
        List.of(next("x"), next("b"), export("c", new Endpoint.Activated("root")));
    assertThat(passed(3, "b:root:other").assign(exports)).isEqualTo(Map.of("x", 5, "b", 3, "c", 4));
  }

  @Test
  void aUnitWithTwoSocketsGivesBothTheSameName() {
    Endpoint both = new Endpoint.Activated("platter.socket");
    assertThat(
            passed(2, "platter.socket:platter.socket")
                .assign(List.of(export("a", both), export("b", both))))
        .isEqualTo(Map.of("a", 3, "b", 4));
  }

  @Test
  void oneTakenByNumberIsNotGivenAgain() {
    List<ExportConfig> exports = List.of(export("a", new Endpoint.Descriptor(3)), next("b"));
    assertThat(passed(2, "x:y").assign(exports)).isEqualTo(Map.of("b", 4));
  }

  @Test
  void tooFewAndTooManyAreRefused() {
    assertThatThrownBy(() -> passed(1, "a").assign(List.of(next("a"), next("b"))))
        .isInstanceOf(PlatterException.class)
        .hasMessage("export b has no socket, and systemd has passed none for it");
    assertThatThrownBy(
            () -> passed(1, "a").assign(List.of(export("b", new Endpoint.Activated("root")))))
        .hasMessage("export b: systemd has passed no socket called root");
    assertThatThrownBy(() -> passed(2, "a:left").assign(List.of(next("a"))))
        .hasMessage("systemd has passed a socket that no export takes: fd 4 (left)");
  }

  @Test
  void socketsForAnotherProcessAreNotOurs() {
    SystemdSockets inherited =
        SystemdSockets.of(Map.of("LISTEN_PID", "4712", "LISTEN_FDS", "9"), PID);
    assertThat(inherited.assign(List.of())).isEmpty();
    assertThatThrownBy(() -> inherited.assign(List.of(next("a"))))
        .hasMessageContaining("no socket");
    assertThat(SystemdSockets.of(Map.of(), PID).assign(List.of())).isEmpty();
    assertThat(SystemdSockets.of(Map.of("LISTEN_FDS", "1"), PID).assign(List.of())).isEmpty();
  }

  @Test
  void nonsenseIsRefused() {
    for (String count : List.of("", "-1", "two", "99999999999", "1025")) {
      assertThatThrownBy(
              () -> SystemdSockets.of(Map.of("LISTEN_PID", "4711", "LISTEN_FDS", count), PID))
          .as(count)
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("LISTEN_FDS=" + count);
    }
    assertThatThrownBy(() -> passed(2, "one")).hasMessageContaining("LISTEN_FDNAMES=one has 1");
    assertThat(passed(0, "").assign(List.of())).isEmpty();
  }
}
