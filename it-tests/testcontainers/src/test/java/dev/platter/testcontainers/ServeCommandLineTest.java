package dev.platter.testcontainers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.platter.testcontainers.ServeCommandLine.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServeCommandLineTest {
  private final ServeCommandLine line = new ServeCommandLine();

  @Test
  void exportsEachDiskOnASocketOfItsName() {
    line.export(Kind.VIRTIO, "data", List.of("data"), List.of("queues=4", "serial=a,b"));
    line.export(Kind.SATA, "sata", List.of("sata-0", "sata-1"), List.of());
    assertThat(line.arguments(OptionalInt.empty(), false))
        .containsExactly(
            "serve",
            "--json-log",
            "--export",
            "virtio-blk,image=/images/data,socket=/run/platter/data.sock,name=data,queues=4,serial=a,,b",
            "--export",
            "ahci,image=/images/sata-0,image=/images/sata-1,socket=/run/platter/sata.sock,name=sata");
  }

  @Test
  void metricsAreForTheHostAloneOnItsOwnNetworkAndForAllInAContainersOwn() {
    line.export(Kind.VIRTIO, "data", List.of("data"), List.of());
    assertThat(line.arguments(OptionalInt.of(9464), true)).endsWith("--metrics", "127.0.0.1:9464");
    assertThat(line.arguments(OptionalInt.of(9464), false)).endsWith("--metrics", "0.0.0.0:9464");
  }

  @Test
  void moreArgumentsComeLast() {
    line.export(Kind.VIRTIO, "data", List.of("data"), List.of("iothread=io0"));
    line.add(List.of("--iothread", "id=io0"));
    assertThat(line.arguments(OptionalInt.of(1), true)).endsWith("--iothread", "id=io0");
  }

  @Test
  void aServerWithoutDisksIsRefused() {
    assertThatIllegalStateException()
        .isThrownBy(() -> line.arguments(OptionalInt.empty(), false))
        .withMessageContaining("withVirtioDisk");
  }

  @Test
  void namesAreUnique() {
    line.export(Kind.VIRTIO, "data", List.of("data"), List.of());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> line.export(Kind.SATA, "data", List.of("data-0"), List.of()))
        .withMessageContaining("data already");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/b", "a,b", ".hidden", "control", "x y"})
  void aNameThatWouldNotBeAFileNameIsRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> line.export(Kind.VIRTIO, name, List.of("x"), List.of()))
        .withMessageContaining("\"" + name + "\" cannot name a disk");
  }

  @Test
  void aSocketIsFoundByNameAndKind() {
    line.export(Kind.VIRTIO, "data", List.of("data"), List.of());
    Path directory = Path.of("/tmp/x");
    assertThat(line.socket(Kind.VIRTIO, "data", directory)).isEqualTo(Path.of("/tmp/x/data.sock"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> line.socket(Kind.SATA, "data", directory))
        .withMessage("there is no ahci disk named data");
  }
}
