package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.control.ControlServer;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;
import tools.jackson.core.JsonParser;
import tools.jackson.jr.ob.JSON;

/** What holds for the output of every command that there is. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class EveryCommandTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private static Path directory;
  private static StreamEventLog log;
  private static Server server;
  private static ControlServer control;
  private static int made;

  @BeforeAll
  static void start() throws IOException {
    log = StreamEventLog.text(new PrintWriter(Writer.nullWriter()));
    server =
        Server.start(
            ServeConfig.of(
                VirtioBlkExport.at(
                    directory.resolve("vda.sock"), "vda", image().toString(), CACHED)),
            log);
    control =
        ControlServer.start(directory.resolve("ctl.sock"), server, log, ExportKinds.ALL, () -> {});
  }

  @AfterAll
  static void stop() {
    control.close();
    server.close();
    log.close();
  }

  private static String fresh() {
    made++;
    return "file" + made;
  }

  private static Path image() throws IOException {
    Path image = directory.resolve(fresh());
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return image;
  }

  private static Path saved(String name) throws IOException {
    Path file = directory.resolve(fresh());
    try (InputStream in =
        EveryCommandTest.class.getResourceAsStream("/dev/platter/emulator/result/page/" + name)) {
      Files.write(file, Objects.requireNonNull(in, name).readAllBytes());
    }
    return file;
  }

  /** Adds an export. */
  private static String export() throws IOException {
    String name = fresh();
    Cli added =
        ctl("add", "virtio-blk,cache=writeback,name=" + name + ",image=" + image() + socket(name));
    assertThat(added.err()).isEmpty();
    return name;
  }

  private static String socket(String name) {
    return ",socket=" + directory.resolve(name + ".sock");
  }

  private static Cli ctl(Object... words) {
    List<Object> all = new ArrayList<>(List.of("ctl", "--socket", directory.resolve("ctl.sock")));
    all.addAll(List.of(words));
    return Cli.run(all.toArray());
  }

  static List<String> commands() {
    List<String> leaves = new ArrayList<>();
    collect(new CommandLine(new Platter()), "", leaves);
    return leaves;
  }

  private static void collect(CommandLine command, String name, List<String> leaves) {
    command.getSubcommands().forEach((each, sub) -> collect(sub, name + " " + each, leaves));
    if (command.getSubcommands().isEmpty()) {
      leaves.add(name.strip());
    }
  }

  static List<String> commandsWithJson() {
    return commands().stream()
        .filter(command -> takesJson(command) && !command.startsWith("guest"))
        .filter(command -> !command.equals("lab")) // without an experiment it has no JSON
        .toList();
  }

  private static boolean takesJson(String command) {
    CommandLine found = new CommandLine(new Platter());
    for (String word : command.split(" ", -1)) {
      found = Objects.requireNonNull(found.getSubcommands().get(word));
    }
    return found.getCommandSpec().findOption("--json") != null;
  }

  /** A quick and successful use of a command that prints something. */
  private static List<Object> use(String command) throws IOException {
    List<Object> words = new ArrayList<>(List.of(command.split(" ", -1)));
    if (command.startsWith("ctl")) {
      words.addAll(List.of("--socket", directory.resolve("ctl.sock")));
    }
    words.addAll(
        switch (command) {
          case "iotest" ->
              List.of(
                  image(),
                  "--device=raw",
                  "--total=64K",
                  "--chunk=64K",
                  "--batch-delay=0",
                  "--completion-delay=0",
                  "--cache=writeback");
          case "bench" ->
              List.of(image(), "--device=raw", "--runtime=5ms", "--warmup=0", "--cache=writeback");
          case "serve" ->
              List.of("--check", "--export=virtio-blk,name=x,image=" + image() + socket(fresh()));
          case "ctl list", "ctl stats", "ctl health", "ctl quiesce", "ctl resume", "ctl drain" ->
              List.of();
          case "ctl log-level", "ctl stop" -> List.of();
          case "ctl add" ->
              List.of("virtio-blk,cache=writeback,image=" + image() + socket(fresh()));
          case "ctl remove" -> List.of(export());
          case "ctl resize" -> List.of(export(), "--size=2M");
          case "ctl raw" -> List.of("{\"execute\":\"list\"}");
          case "image create" -> List.of(directory.resolve(fresh()), "--size=1M");
          case "image info" -> List.of(image());
          case "report" -> List.of(saved("bench.json"), saved("bench.json"));
          case "lab", "doctor", "help", "version" -> List.of();
          // These need a QEMU, packages or a compiler to do more.
          case "guest run", "guest build", "guest boot-disk" -> List.of("--help");
          default -> throw new IllegalArgumentException("no use of '" + command + "' is known");
        });
    return words;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void outputThatCannotBeWrittenIsAFailureWithItsReason(String command) throws IOException {
    Object[] words = use(command).toArray();
    try (OutputStream full = new FileOutputStream("/dev/full")) {
      Cli run = Cli.into(full, words);
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err())
          .startsWith("platter: cannot write to standard output: No space left on device\n  try: ")
          .hasLineCount(2);
    }
    if (command.equals("ctl quiesce")) {
      assertThat(ctl("resume").exitCode()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("commands")
  void whoHasReadEnoughMayCloseThePipe(String command) throws IOException {
    Object[] words = use(command).toArray();
    Path pipe = directory.resolve(fresh());
    assertThat(Libc.mkfifo(pipe.toString(), 0600)).isZero();
    RandomAccessFile reader = new RandomAccessFile(pipe.toFile(), "rw");
    try (OutputStream closed = new FileOutputStream(pipe.toFile())) {
      reader.close();
      assertThat(Cli.into(closed, words)).isEqualTo(new Cli(0, "", ""));
    }
    if (command.equals("ctl quiesce")) {
      assertThat(ctl("resume").exitCode()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("commandsWithJson")
  void jsonOnStandardOutputIsOneDocumentAndNothingElse(String command) throws IOException {
    List<Object> words = use(command);
    words.add("--json=-");
    Cli run = Cli.run(words.toArray());
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertOneDocument(run.out());
    if (command.equals("ctl quiesce")) {
      assertThat(ctl("resume").exitCode()).isZero();
    }
  }

  private static void assertOneDocument(String output) {
    try (JsonParser parser = JSON.std.createParser(output)) {
      assertThat(JSON.std.mapFrom(parser)).isNotEmpty();
      assertThat(parser.nextToken()).as("behind the document").isNull();
    }
  }

  @Test
  void alsoWhatIsNoServerTellsOfItsHealthAsJson() {
    Cli run =
        Cli.run("ctl", "health", "--if-serving", "--json=-", "--socket", directory.resolve("no"));
    assertThat(run.exitCode()).isZero();
    assertOneDocument(run.out());
  }

  @ParameterizedTest
  @MethodSource("commandsWithJson")
  void jsonThatCannotBeWrittenIsAFailureWithItsReason(String command) throws IOException {
    if (command.equals("ctl raw")) {
      return; // prints JSON anyway
    }
    List<Object> words = use(command);
    words.add("--json=/dev/full");
    Cli run = Cli.run(words.toArray());
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("platter: cannot write JSON to /dev/full: No space left on device\n  try: ")
        .hasLineCount(2);
    if (command.equals("ctl quiesce")) {
      assertThat(ctl("resume").exitCode()).isZero();
    }
  }

  /** Of all commands, also of those that cannot be run here. */
  @Test
  void textGoesNowhereIfOnlyJsonIsWanted() {
    int checked = 0;
    for (String command : commands()) {
      if (!takesJson(command)) {
        continue;
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      CommandLine root =
          new CommandLine(new Platter()).setOut(new PrintWriter(bytes, false, UTF_8));
      List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
      words.add("--json=-");
      ParseResult parsed = parse(root, words);
      PlatterCommand user = (PlatterCommand) parsed.commandSpec().userObject();
      user.out().print("text");
      user.out().flush();
      user.stdout().flush();
      assertThat(bytes.toString(UTF_8)).as(command).isEmpty();
      checked++;
    }
    assertThat(checked).isGreaterThan(10);
  }

  private static ParseResult parse(CommandLine root, List<String> words) {
    root.setStopAtUnmatched(true);
    ParseResult parsed;
    try {
      parsed = root.parseArgs(words.toArray(String[]::new));
    } catch (CommandLine.ParameterException e) {
      parsed = e.getCommandLine().getParseResult();
    }
    while (parsed.hasSubcommand()) {
      parsed = parsed.subcommand();
    }
    return parsed;
  }

  @Test
  void thePageThatCannotBeWrittenDoesNotKeepTheJsonFromBeingWritten() throws IOException {
    Path json = directory.resolve(fresh());
    List<Object> words = use("bench");
    words.addAll(List.of("--json", json, "--report=/dev/full"));
    Cli run = Cli.run(words.toArray());
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("platter: cannot write a report to /dev/full: No space left on device\n");
    assertThat(JSON.std.mapFrom(json.toFile())).containsKey("rows");

    Path page = directory.resolve(fresh());
    words = use("bench");
    words.addAll(List.of("--json=/dev/full", "--report", page));
    assertThat(Cli.run(words.toArray()).exitCode()).isEqualTo(1);
    assertThat(page).content().contains("<h1>bench: ");
  }

  /** A file that may not become as large as it has to: as on a full disk. */
  @Test
  @Tag("slow")
  void aVerifyStateThatDoesNotFitIsAFailureWithItsReason() throws Exception {
    Path large = directory.resolve(fresh());
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(64 << 20); // its state has 512 KiB
    }
    List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 200; exec \"$@\"", "sh"));
    command.addAll(
        ChildJvm.command(
            Platter.class,
            List.of("-XX:-UsePerfData"),
            List.of(
                "bench",
                large.toString(),
                "--device=raw",
                "--rw=randwrite",
                "--runtime=20ms",
                "--warmup=0",
                "--cache=writeback",
                "--verify",
                "--verify-state=" + directory.resolve(fresh()),
                "--destroy-data")));
    Ended ended = ChildProcess.run(ChildProcess.builder(command));
    assertThat(ended.exitCode()).as(ended.output()).isEqualTo(1);
    assertThat(ended.output())
        .startsWith("platter: cannot write the verify state ")
        .hasLineCount(2);
  }

  @Test
  void everyReasonIsTold() throws IOException {
    List<Object> words = use("bench");
    words.addAll(List.of("--json=/dev/full", "--report=/proc/self/root/dev/full"));
    try (OutputStream full = new FileOutputStream("/dev/full")) {
      Cli run = Cli.into(full, words.toArray());
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err())
          .contains("cannot write JSON to", "cannot write a report to", "standard output");
    }
  }
}
