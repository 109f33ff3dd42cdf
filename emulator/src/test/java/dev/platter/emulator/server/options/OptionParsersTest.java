package dev.platter.emulator.server.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.server.config.AhciExport;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The values of {@code --export} and {@code --iothread}. */
class OptionParsersTest {
  private static void assertRefused(ThrowingCallable parsing, String... parts) {
    assertThatThrownBy(parsing)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e.getMessage()).contains(parts);
            });
  }

  private static VirtioBlkExport virtioBlk(String text) {
    return (VirtioBlkExport) ExportParser.parse(text, 0);
  }

  private static AhciExport ahci(String text) {
    return (AhciExport) ExportParser.parse(text, 0);
  }

  @Test
  void aVirtioDiskNeedsAnImageAndNoMore() {
    assertThat(ExportParser.parse("virtio-blk,image=a.img", 3))
        .isEqualTo(
            new VirtioBlkExport(
                "virtio-blk3",
                new Endpoint.Activated(""),
                new ImageConfig("a.img", ImageOptions.WRITABLE),
                "virtio-blk3",
                1,
                List.of(),
                OptionalLong.empty()));
  }

  @Test
  void aVirtioDiskTakesItsOptionsInAnyOrder() {
    assertThat(
            virtioBlk(
                "virtio-blk,readonly,queues=4,cache=writeback,serial=S 1,image=/d/a.img,"
                    + "iothread=io0,iothread=io1,name=vda,socket=/run/p/x.sock,discard=ignore,logical-block-size=512"))
        .isEqualTo(
            new VirtioBlkExport(
                "vda",
                new Endpoint.SocketPath(Path.of("/run/p/x.sock")),
                new ImageConfig("/d/a.img", new ImageOptions(true, CacheMode.WRITEBACK, false)),
                "S 1",
                4,
                List.of("io0", "io1"),
                OptionalLong.empty()));
    assertThat(virtioBlk("virtio-blk,image=a,poll-max=8us").pollMaxNanos()).hasValue(8_000);
    assertThat(virtioBlk("virtio-blk,image=a").guestMemoryBytes()).isEmpty();
    assertThat(virtioBlk("virtio-blk,image=a,guest-memory=4G").guestMemoryBytes())
        .hasValue(4L << 30);
    assertThat(virtioBlk("virtio-blk,image=a,guest-memory=4096").guestMemoryBytes()).hasValue(4096);
    assertThat(virtioBlk("virtio-blk,image=a").queueSize()).isEqualTo(256);
    assertThat(virtioBlk("virtio-blk,image=a,queue-size=1024").queueSize()).isEqualTo(1024);
    assertThat(virtioBlk("virtio-blk,image=a,discard=ignore").image().options())
        .isEqualTo(new ImageOptions(false, CacheMode.NONE, false));
    assertThat(virtioBlk("virtio-blk,image=a,readonly=off").image().options().readOnly()).isFalse();
  }

  @Test
  void aDiskInMemoryIsNamedByItsSizeAndTakesWhatIsNotOfFiles() {
    assertThat(virtioBlk("virtio-blk,image=ram:1G,readonly,serial=R").image())
        .isEqualTo(new ImageConfig("ram:1G", ImageOptions.READ_ONLY));
    assertThat(ahci("ahci,image=ram:64M,discard=ignore,image=a").images())
        .containsExactly(
            new ImageConfig("ram:64M", new ImageOptions(false, CacheMode.NONE, false)),
            new ImageConfig("a", ImageOptions.WRITABLE));
    assertRefused(() -> virtioBlk("virtio-blk,image=ram:"), "ram:", "not a size");
    assertRefused(() -> virtioBlk("virtio-blk,image=ram:1X"), "ram:1X", "'1X' is not a size");
    assertRefused(() -> virtioBlk("virtio-blk,image=ram:0"), "multiple of 4096", "not 0");
    assertRefused(() -> ahci("ahci,image=ram:512"), "multiple of 4096");
    assertRefused(() -> ahci("ahci,image=ram:129T"), "addresses for 128 TiB");
    assertRefused(() -> virtioBlk("virtio-blk,cache=none,image=ram:1G"), "'cache' has no effect");
    assertRefused(() -> ahci("ahci,image=a,cache=none,image=ram:1G,lock=off"), "'lock' has no");
    assertRefused(() -> virtioBlk("virtio-blk,image=ram:1G,format=raw"), "'format' has no effect");
  }

  @Test
  void ataOptionsBelongToTheImageBeforeThem() {
    AhciExport controller =
        ahci(
            "ahci,socket=s/sata.sock,image=a.img,serial=A,model=M 1,firmware=F,image=b.iso,"
                + "readonly,poll-max=0,image=c.img,cache=writeback,discard=ignore");
    assertThat(controller.name()).isEqualTo("sata");
    assertThat(controller.pollMaxNanos()).hasValue(0);
    assertThat(controller.guestMemoryBytes()).isEmpty();
    assertThat(controller.ports())
        .containsExactly(
            new AhciExport.Port(new ImageConfig("a.img", ImageOptions.WRITABLE), "A", "M 1", "F"),
            new AhciExport.Port(
                new ImageConfig("b.iso", ImageOptions.READ_ONLY),
                "sata-1",
                "PLATTER HARDDISK",
                "0.1"),
            new AhciExport.Port(
                new ImageConfig("c.img", new ImageOptions(false, CacheMode.WRITEBACK, false)),
                "sata-2",
                "PLATTER HARDDISK",
                "0.1"));
  }

  @Test
  void whatAClientMayLendIsSaidOfTheExport() {
    assertThat(ahci("ahci,guest-memory=4G,image=a").guestMemoryBytes()).hasValue(4L << 30);
    assertThat(ahci("ahci,image=a,image=b,guest-memory=1").guestMemoryBytes()).hasValue(1);
  }

  @Test
  void aCommaInAValueIsWrittenTwice() {
    assertThat(virtioBlk("virtio-blk,image=a,,b,,,,c=d.img,serial=x").image().path())
        .isEqualTo("a,b,,c=d.img");
    assertThat(virtioBlk("virtio-blk,image=end,,,serial=x").image().path()).isEqualTo("end,");
  }

  @ParameterizedTest
  @CsvSource({
    "socket=/run/p/vda.sock, vda",
    "socket=vda.socket, vda",
    "socket=/run/p/disk 1.sock, disk-1",
    "socket=.sock, virtio-blk7",
    "socket=.hidden, hidden",
    "fd=5, virtio-blk7",
    "fd=root-disk, root-disk",
  })
  void anExportIsCalledAsItsSocketIs(String socket, String name) {
    assertThat(ExportParser.parse("virtio-blk,image=a.img," + socket, 7).name()).isEqualTo(name);
  }

  @Test
  void defaultSerialsFitTheirField() {
    String socket = "socket=a-very-long-name-of-a-disk.sock";
    assertThat(virtioBlk("virtio-blk,image=a," + socket).serial()).isEqualTo("long-name-of-a-disk");
    assertThat(ahci("ahci,image=a," + socket).ports().getFirst().serial())
        .isEqualTo("ng-name-of-a-disk-0");
  }

  @Test
  void aDescriptorIsANumberOrANameOfSystemds() {
    assertThat(virtioBlk("virtio-blk,image=a,fd=12").endpoint())
        .isEqualTo(new Endpoint.Descriptor(12));
    assertThat(virtioBlk("virtio-blk,image=a,fd=vda").endpoint())
        .isEqualTo(new Endpoint.Activated("vda"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"|the kind of device comes first",
        "image=a.img|the kind of device comes first",
        "nvme,image=a.img|the kind of device comes first",
        "virtio-blk=x,image=a|the kind of device comes first",
        "virtio-blk|there is no image",
        "ahci,socket=a|there is no image",
        "virtio-blk,image|'image' needs a value",
        "virtio-blk,image=|'image' needs a value",
        "virtio-blk,image=a,image=b|'image' is given twice",
        "virtio-blk,imgae=a|there is no 'imgae' here",
        "virtio-blk,image=a,|there is no '' here",
        "virtio-blk,image=a,model=x|there is no 'model' here",
        "ahci,image=a,queues=2|there is no 'queues' here",
        "ahci,image=a,iothread=io0|there is no 'iothread' here",
        "ahci,serial=x,image=a|'serial' stands before the first image=",
        "ahci,image=a,serial=x,serial=y|'serial' is given twice",
        "ahci,image=a,serial=123456789012345678901|serial='123456789012345678901'",
        "ahci,image=a,model=x\u00e4|model='x\u00e4' cannot be used",
        "ahci,image=a,firmware=123456789|firmware='123456789' cannot be used",
        "virtio-blk,image=a,serial=123456789012345678901|cannot be used",
        "virtio-blk,image=a,socket=x,fd=3|there are two sockets",
        "virtio-blk,image=a,socket=x,socket=y|there are two sockets",
        "virtio-blk,image=a,fd=2|fd=2 is no number from 3 to 2147483647",
        "virtio-blk,image=a,fd=3x|fd=3x is no number",
        "virtio-blk,image=a,queues=0|queues=0 is no number from 1 to 64",
        "virtio-blk,image=a,queues=65|queues=65 is no number from 1 to 64",
        "virtio-blk,image=a,queue-size=2048|queue-size=2048 is no number from 2 to 1024",
        "virtio-blk,image=a,readonly,discard=unmap|discard=unmap has no effect on a disk that is",
        "ahci,image=a,discard=unmap,readonly|discard=unmap has no effect on a disk that is",
        "virtio-blk,image=a,guest-memory=much|guest-memory=much is no size",
        "virtio-blk,image=a,guest-memory=999999999999T|guest-memory=999999999999T is no size",
        "virtio-blk,image=a,guest-memory=0|guest-memory=0 is no size",
        "virtio-blk,image=a,queue-size=48|queue-size=48 is no power of two",
        "ahci,image=a,queue-size=64|there is no 'queue-size' here",
        "virtio-blk,image=a,queues=many|queues=many is no number",
        "virtio-blk,image=a,queues=2,queues=2|'queues' is given twice",
        "virtio-blk,image=a,cache=unsafe|cache=unsafe is not one of none, writeback",
        "virtio-blk,image=a,discard=yes|discard=yes is not one of unmap, ignore",
        "virtio-blk,image=a,readonly=1|readonly=1 is not one of on, off",
        "virtio-blk,image=a,poll-max=32|'32' has no unit",
        "virtio-blk,image=a,poll-max=1us,iothread=io0|poll-max= and iothread= exclude each other",
        "virtio-blk,image=a,name=a b|export name 'a b' cannot be used",
        "virtio-blk,image=a,name=-a|export name '-a' cannot be used",
      })
  void whatIsWrongWithAnExportIsSaidAfterItsText(String text, String what) {
    assertRefused(() -> ExportParser.parse(text, 0), "--export " + text + ": ", what);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ahci,image=ram:7,serial=x", "ahci,image=a,serial=x,image=ram:7,serial=y"})
  void whatIsSaidOfARefusedImageIsNotWrongAsWell(String text) {
    assertThatThrownBy(() -> ExportParser.parse(text, 0))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.parts()).singleElement().asString().contains("ram:7"));
  }

  @Test
  void aControllerTakesSoManyDisks() {
    assertThat(ahci("ahci" + ",image=a".repeat(32)).ports()).hasSize(32);
    assertRefused(() -> ahci("ahci" + ",image=a".repeat(33)), "1 to 32 images");
  }

  @Test
  void anIoThread() {
    IoThreadConfig plain = IoThreadParser.parse("id=io0");
    assertThat(plain).isEqualTo(IoThreadConfig.named("io0"));
    assertThat(IoThreadParser.parse("cpu=1,id=io0,poll-max=0"))
        .isEqualTo(new IoThreadConfig("io0", 1, plain.loop().withPollMaxNanos(0)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"|there is no '' here",
        "io0|there is no 'io0' here",
        "cpu=1|there is no id",
        "id=a,id=b|'id' is given twice",
        "id=a,cpu=-1|cpu=-1 is no number from 0 to 8191",
        "id=a,cpu=8192|cpu=8192 is no number",
        "id=a,poll-max=soon|'soon' is not a duration",
        "id=a/b|IOThread id 'a/b' cannot be used",
      })
  void whatIsWrongWithAnIoThreadIsSaid(String text, String what) {
    assertRefused(() -> IoThreadParser.parse(text), what);
  }

  @Test
  void aSocketPathThatIsNoneIsRefused() {
    // As is one in UTF-8 where the locale is not; a JVM has one locale, so it is shown with this.
    assertRefused(() -> ahci("ahci,image=a,socket=a\0b"), "socket= is no path");
  }
}
