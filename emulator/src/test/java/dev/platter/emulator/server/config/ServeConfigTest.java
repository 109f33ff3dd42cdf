package dev.platter.emulator.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a server is told must fit together before anything is made. */
class ServeConfigTest {
  private static VirtioBlkExport disk(String name, String socket, int queues, String... io) {
    return new VirtioBlkExport(
        name,
        new Endpoint.SocketPath(Path.of(socket)),
        new ImageConfig(name + ".img", ImageOptions.WRITABLE),
        name,
        queues,
        List.of(io),
        OptionalLong.empty());
  }

  private static IoThreadConfig io(String id) {
    return IoThreadConfig.named(id);
  }

  private static void assertRefused(
      List<IoThreadConfig> ioThreads, List<ExportConfig> exports, String message) {
    assertThatThrownBy(() -> new ServeConfig(ioThreads, exports))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e).hasMessage(message);
              assertThat(e.remedy()).isNotEmpty();
            });
  }

  @Test
  void whatFits() {
    ServeConfig config =
        new ServeConfig(
            List.of(io("io0"), io("io1")),
            List.of(
                disk("a", "a.sock", 2, "io0", "io1"),
                disk("b", "b.sock", 1, "io0"),
                AhciExport.at(Path.of("c.sock"), "c", "c.img", ImageOptions.READ_ONLY)));
    assertThat(config.exports())
        .extracting(ExportConfig::kind)
        .contains(VirtioBlkExport.KIND, AhciExport.KIND);
    assertThat(disk("a", "a", 1).loop()).isEqualTo(new ExportLoop.OwnIoThread(io("a")));
  }

  @Test
  void whatDoesNot() {
    assertRefused(List.of(), List.of(), "there is nothing to serve");
    assertRefused(
        List.of(),
        List.of(disk("a", "a.sock", 1), disk("a", "b.sock", 1)),
        "two exports are called a");
    assertRefused(
        List.of(),
        List.of(disk("a", "x.sock", 1), disk("b", "./x.sock", 1)),
        "export b: another export listens on ./x.sock");
    assertRefused(
        List.of(io("io0"), io("io0")),
        List.of(disk("a", "a.sock", 1, "io0")),
        "two IOThreads are called io0");
    assertRefused(
        List.of(), List.of(disk("a", "a.sock", 1, "io7")), "export a: there is no IOThread io7");
    assertRefused(
        List.of(io("io0")), List.of(disk("a", "a.sock", 1)), "no export runs on IOThread io0");
    assertRefused(
        List.of(io("a")),
        List.of(disk("a", "a.sock", 1), disk("b", "b.sock", 1, "a")),
        "export a has an IOThread of its own, called as another is");
    assertRefused(
        List.of(io("a")),
        List.of(
            AhciExport.at(Path.of("a.sock"), "a", "a.img", ImageOptions.READ_ONLY),
            disk("b", "b.sock", 1, "a")),
        "export a has a loop of its own, called as an IOThread");
    assertRefused(
        List.of(io("x"), io("y")),
        List.of(disk("a", "a.sock", 1, "x", "y")),
        "export a has more IOThreads than queues");
  }

  @Test
  void descriptorsAreCounted() {
    ServeConfig small = ServeConfig.of(disk("a", "a.sock", 1));
    ServeConfig large = ServeConfig.of(disk("a", "a.sock", 64), disk("b", "b.sock", 1));
    long needed = FdBudget.needed(0, small.exports());
    assertThat(FdBudget.needed(0, large.exports())).isGreaterThan(needed + 3 * 63);
    FdBudget.check(needed, needed);
    FdBudget.check(needed, -1); // no limit
    assertThatThrownBy(() -> FdBudget.check(needed, needed - 1))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
              assertThat(e.remedy()).contains("ulimit -n " + needed);
            });
  }

  private static long neededBy(int exports, int queues) {
    List<ExportConfig> disks = new ArrayList<>();
    for (int i = 0; i < exports; i++) {
      disks.add(disk("d" + i, "d" + i + ".sock", queues));
    }
    return FdBudget.needed(0, disks);
  }

  /** As a host without systemd has it. */
  @Test
  void theUsualLimitIsEnoughForTwentyExports() {
    assertThat(neededBy(20, 4)).isLessThanOrEqualTo(1024);
  }

  @Test
  void theLimitOfTheUnitIsEnoughForAsManyExportsAsItsHeap() throws Exception {
    Pattern limit = Pattern.compile("(?m)^LimitNOFILE=(\\d+)$");
    Matcher unit = limit.matcher(Files.readString(Path.of("deploy", "systemd", "platter.service")));
    assertThat(unit.find()).isTrue();
    assertThat(neededBy(300, 4)).isLessThanOrEqualTo(Long.parseLong(unit.group(1)));
    assertThat(Files.readString(Path.of("..", "docs", "serve.md")))
        .contains("300 exports with one queue each need " + neededBy(300, 1));
  }

  @Test
  void theMainLoopsNameIsTaken() {
    assertRefused(
        List.of(),
        List.of(disk("main-loop", "a.sock", 1)),
        "an export cannot be called main-loop, as the main loop is");
    assertRefused(
        List.of(io("main-loop")),
        List.of(disk("a", "a.sock", 1, "main-loop")),
        "an IOThread cannot be called main-loop, as the main loop is");
  }
}
