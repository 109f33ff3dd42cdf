package dev.platter.emulator.server.options;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The configuration file of a server. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ServeFileTest {
  @TempDir private Path directory;

  private static ServeSettings parse(String text) {
    return ServeFile.parse("p.yaml", text);
  }

  /** Its message, and the remedy behind an arrow if there is one. */
  private static void assertRefused(ThrowingCallable reading, String... parts) {
    assertThatThrownBy(reading)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e.getMessage() + " -> " + e.remedy()).contains(parts);
            });
  }

  @Test
  void sayingTheSameAsOptionsMeansTheSame() {
    ServeSettings settings =
        parse(
            """
            iothread:
              - id: io0
                cpu: 1
              - {id: io1, poll-max: 8us}
            export:
              - device: virtio-blk
                socket: /run/p/vda.sock
                image: disk.img
                iothread: [io0, io1]
                queues: 2
                queue-size: 512
                serial: 0042
                readonly: on
              - device: ahci
                model: "M 1"
                socket: s/sata.sock
                image: a,b.img
                cache: writeback
                poll-max: 1ms
              - device: ahci
                name: many
                fd: disks
                image:
                  - path: a.img
                    serial: A1
                  - path: b.img
                    readonly: true
                    discard: ignore
                  - c.img
              - device: virtio-blk
                fd: 7
                image:
                  path: d.img
                  serial: D
            metrics: "[::1]:9464"
            control: /run/p/control.sock
            json-log: true
            log-level: warning
            confine: on
            allow: [/srv/a, /srv/b]
            stages: s.json
            """);
    assertThat(settings.ioThreads())
        .extracting(OptionValue::value)
        .containsExactly(
            IoThreadParser.parse("id=io0,cpu=1"), IoThreadParser.parse("id=io1,poll-max=8us"));
    assertThat(settings.exports())
        .extracting(OptionValue::value)
        .containsExactly(
            ExportParser.parse(
                "virtio-blk,socket=/run/p/vda.sock,image=disk.img,iothread=io0,iothread=io1,"
                    + "queues=2,queue-size=512,serial=0042,readonly",
                0),
            ExportParser.parse(
                "ahci,image=a,,b.img,model=M 1,socket=s/sata.sock,cache=writeback,poll-max=1ms", 1),
            ExportParser.parse(
                "ahci,name=many,fd=disks,image=a.img,serial=A1,image=b.img,readonly,"
                    + "discard=ignore,image=c.img",
                2),
            ExportParser.parse("virtio-blk,fd=7,image=d.img,serial=D", 3));
    assertThat(settings.metrics()).isEqualTo(address("::1", 9464));
    assertThat(settings.control()).isEqualTo(Path.of("/run/p/control.sock"));
    assertThat(settings.jsonLog()).isTrue();
    assertThat(settings.logLevel()).isEqualTo(Level.WARNING);
    assertThat(settings.confine()).isEqualTo(Mode.ON);
    assertThat(settings.allowed())
        .extracting(OptionValue::value)
        .containsExactly(Path.of("/srv/a"), Path.of("/srv/b"));
    assertThat(settings.stages()).isEqualTo("s.json");
  }

  @Test
  void aListOfOneNeedsNoDash() {
    ServeSettings settings =
        parse(
            """
            iothread: {id: io0}
            export: {device: ahci, image: a.img, socket: a.sock}
            allow: /srv
            """);
    assertThat(settings.ioThreads())
        .extracting(OptionValue::value)
        .containsExactly(IoThreadConfig.named("io0"));
    assertThat(settings.exports())
        .containsExactly(
            new OptionValue<>(
                "p.yaml:2:9",
                ExportParser.parse("ahci,image=a.img,socket=a.sock", 0),
                true,
                List.of("p.yaml:2:31")));
    assertThat(settings.allowed()).extracting(OptionValue::value).containsExactly(Path.of("/srv"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "# nothing\n", "---\n", "{}", "\ufeff{}", "~"})
  void aFileMaySayNothing(String text) {
    assertThat(parse(text)).isEqualTo(ServeSettings.NONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        // Keys.
        "exprot: []|p.yaml:1:1: there is no 'exprot' here|Did you mean export?",
        "metrics: 1;json_log: on|p.yaml:2:1: there is no 'json_log' here|Did you mean json-log?",
        "what: 1|p.yaml:1:1: there is no 'what' here|One of iothread, export, metrics",
        "export:; - device: ahci;   imgae: a|p.yaml:3:4: there is no 'imgae' here|mean image?",
        "export:; - device: ahci;   queues: 2|p.yaml:3:4: there is no 'queues' here|One of device",
        "export:; - device: ahci;   path: x|p.yaml:3:4: there is no 'path' here|One of device",
        "iothread: {id: a, cpus: 1}|p.yaml:1:19: there is no 'cpus' here|Did you mean cpu?",
        "export: {device: ahci, image: [{path: a, socket: b}]}|p.yaml:1:42: there is no 'socket'"
            + "|One of path, readonly",
        "metrics: 1;metrics: 2|p.yaml:2:1: 'metrics' is given twice|p.yaml:1:1",
        "? [a];: b|p.yaml:1:3: a key is a single word|null",
        // Values.
        "metrics: banana|p.yaml:1:10: metrics: 'banana' has no port|null",
        "metrics: [1]|p.yaml:1:10: 'metrics' is a single value, not a list|null",
        "metrics:|p.yaml:1:9: 'metrics' needs a value|metrics: VALUE",
        "control: {}|p.yaml:1:10: 'control' is a single value, not keys with values|null",
        "json-log: maybe|p.yaml:1:11: json-log=maybe is not one of on, off|null",
        "log-level: debug|p.yaml:1:12: log-level: 'debug' is not one of info, warning, error|null",
        "confine: yes|p.yaml:1:10: confine: 'yes' is not one of auto, on, off|null",
        "allow: [a, [b]]|p.yaml:1:12: 'allow' is a single value, not a list|null",
        "allow: [a, '']|p.yaml:1:12: 'allow' needs a value|allow: VALUE",
        "iothread: io0|p.yaml:1:11: an IOThread consists of keys with values|- id: io0",
        "iothread: [{cpu: 1}]|p.yaml:1:12: there is no id|Add id: io0, and iothread: io0",
        "iothread: {id: io0, cpu: -1}|p.yaml:1:26: cpu=-1 is no number from 0 to|null",
        "iothread: {id: a/b}|p.yaml:1:16: IOThread id 'a/b' cannot be used|Use up to",
        "export: |p.yaml:1:8: an export consists of keys with values, not nothing|- device",
        "export: [a.img]|p.yaml:1:10: an export consists of keys with values, not a single|- dev",
        "export: [{image: a}]|p.yaml:1:10: there is no device|Add device: virtio-blk or device",
        "export: [{device: nvme}]|p.yaml:1:19: device=nvme is not one of virtio-blk, ahci|null",
        "export: [{device: ahci}]|p.yaml:1:10: there is no image|Add image: PATH, one for each",
        "export: [{device: ahci, image: }]|p.yaml:1:31: 'image' needs a value|image: VALUE",
        "export: [{device: ahci, image: []}]|p.yaml:1:10: there is no image|null",
        "export: [{device: ahci, image: [{serial: a}]}]|p.yaml:1:33: there is no path|Add path",
        "export: [{device: virtio-blk, image: [a, b]}]|p.yaml:1:42: 'image' is given twice|null",
        "export: [{device: virtio-blk, image: a, queues: 65}]|p.yaml:1:49: queues=65 is no numb|nu",
        "export: [{device: virtio-blk, image: a, queues: [1]}]|p.yaml:1:49: 'queues' is a singl|nu",
        "export: [{device: virtio-blk, image: a, readonly: maybe}]|p.yaml:1:51: readonly=maybe is"
            + " not one of on, off|null",
        "export: [{device: ahci, image: a, serial: 123456789012345678901}]|p.yaml:1:43: serial='12"
            + "|Give up to 20",
        "export: [{device: ahci, image: a, name: -a}]|p.yaml:1:41: export name '-a'|Use up to 40",
        "export: [{device: ahci, serial: x, image: [a, b]}]|p.yaml:1:25: 'serial' does not say"
            + "|Write it beside the path",
        "export: [{device: ahci, image: a, socket: x, fd: 3}]|p.yaml:1:50: there are two sockets"
            + "|Give one",
        "export: [{device: virtio-blk, image: a, poll-max: 1us, iothread: io0}]|p.yaml:1:10: export"
            + " virtio-blk0: poll-max= and iothread= exclude|with the --iothread",
        // What is no YAML, or more YAML than is needed.
        "[1, 2|p.yaml:1:6: this is no YAML|null",
        "export:;\\t- device: ahci|p.yaml:2:1: this is no YAML|Indent with spaces",
        "- 1|p.yaml:1:1: this is a list, not the options of platter serve|Begin with export:",
        "export|p.yaml:1:1: this is a single value, not the options|Begin with export:",
        "metrics: &a 1|p.yaml:1:10: anchors and aliases are not understood here|quote",
        "metrics: *a|p.yaml:1:10: anchors and aliases are not understood here|quote",
        "metrics: !x 1|p.yaml:1:10: tags are not understood here|Quote",
        "metrics: !!int 1|p.yaml:1:10: tags are not understood here|Quote",
        "metrics: 1;---;metrics: 2|p.yaml:2:1: a second document begins here|Give one file",
        "control: \"a\\nb\"|p.yaml:1:10: this holds a line break|null",
        "control: \"a\\0b\"|p.yaml:1:10: this holds a line break or another control|null",
        "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]|p.yaml:1:18: this is nested too deeply|null",
      })
  void whatIsWrongIsToldWithLineAndColumn(String text, String what, String remedy) {
    String file = text.replace(';', '\n').replace("\\t", "\t");
    assertRefused(() -> parse(file), what, remedy.startsWith("nu") ? "" : remedy);
  }

  @Test
  void aCharacterThatNoTextHasIsFoundInItsLine() {
    assertRefused(() -> parse("metrics: 1\ncontrol: a\u0007b\n"), "p.yaml:2:11: character U+0007");
  }

  @Test
  void partsThatDoNotFitTogetherAreToldByPlace() {
    ServeSettings file =
        parse(
            """
            export:
              - {device: ahci, image: a.img, socket: a.sock}
              - {device: ahci, image: b.img, socket: ./a.sock, name: b}
            """);
    assertRefused(
        () -> ServeOptions.of(null, file.with(ServeSettings.NONE, Map.of())),
        "p.yaml:3:5: export b: another export listens on ./a.sock");
    ServeSettings threads =
        parse(
            """
            export: {device: ahci, image: a.img, socket: a.sock}
            iothread:
              - id: io0
            """);
    assertRefused(
        () -> ServeOptions.of(null, threads.with(ServeSettings.NONE, Map.of())),
        "p.yaml:3:5: no export runs on IOThread io0");
  }

  @Test
  void theCommandLineWinsAndListsAddUp() {
    ServeSettings file =
        parse(
            """
            export: {device: ahci, image: a.img, socket: a.sock}
            metrics: 1
            log-level: error
            allow: [x]
            json-log: on
            lock-wait: 3s
            io-workers: 3
            """);
    assertThat(file.lockWaitNanos()).isEqualTo(3_000_000_000L);
    ServeSettings flags =
        new ServeSettings(
            List.of(),
            List.of(
                new OptionValue<>(
                    "--export ...", ExportParser.parse("ahci,image=b,socket=b.sock", 1))),
            address("127.0.0.1", 2),
            null,
            null,
            List.of(new OptionValue<>("--allow y", Path.of("y"))),
            false,
            null,
            5_000_000_000L,
            null,
            null,
            List.of(),
            Map.of());
    ServeOptions both =
        ServeOptions.of(Path.of("p"), file.with(flags, Map.of("PLATTER_CONTROL", "/run/c")));
    assertThat(both.config().exports()).extracting("name").containsExactly("a", "b");
    assertThat(both.metrics()).isEqualTo(address("127.0.0.1", 2));
    assertThat(both.allowed()).containsExactly(Path.of("x"), Path.of("y"));
    assertThat(both.jsonLog()).isFalse();
    assertThat(both.logLevel()).isEqualTo(Level.ERROR);
    assertThat(both.confine()).isEqualTo(Mode.AUTO);
    assertThat(both.control()).isEqualTo(Path.of("/run/c"));
    assertThat(both.lockWaitNanos()).isEqualTo(5_000_000_000L);
    assertThat(both.ioWorkers()).isEqualTo(3);
    assertThat(both.stages()).isNull();
  }

  @Test
  void onlyASmallRegularFileOfTextIsRead() throws Exception {
    Path file = directory.resolve("p.yaml");
    assertRefused(() -> ServeFile.read(file), file + ": it does not exist");
    assertRefused(() -> ServeFile.read(directory), directory + ": it is a directory");
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    assertRefused(() -> ServeFile.read(fifo), fifo + ": it is no regular file");
    write(file, "#".repeat(256 * 1024).getBytes(UTF_8));
    assertThat(ServeFile.read(file)).isEqualTo(ServeSettings.NONE);
    write(file, "#".repeat(256 * 1024 + 1).getBytes(UTF_8));
    assertRefused(() -> ServeFile.read(file), file + ": it is longer than 256 KiB");
    write(file, new byte[] {'a', ':', '\n', ' ', (byte) 0xc3, (byte) 0x28});
    assertRefused(() -> ServeFile.read(file), file + ":2:2: this is not UTF-8", "Save it as UTF-8");
    write(file, new byte[] {'a', (byte) 0xc3});
    assertRefused(() -> ServeFile.read(file), file + ":1:2: this is not UTF-8");
    write(file, "\ufeffmetrics: 1\n".getBytes(UTF_8));
    assertThat(ServeFile.read(file).metrics()).isEqualTo(address("127.0.0.1", 1));
  }

  private static void write(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
  }

  private static InetSocketAddress address(String literal, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(literal), port);
  }
}
