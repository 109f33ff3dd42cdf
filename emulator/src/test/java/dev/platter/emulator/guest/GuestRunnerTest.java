package dev.platter.emulator.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.guestimages.GuestConsole;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class GuestRunnerTest {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final GuestRunner.Patience PATIENCE =
      new GuestRunner.Patience(LONG, LONG, LONG, LONG);

  /** What a guest with two jobs says, firmware and kernel included. */
  private static final String GOOD =
      """
      printf 'SeaBIOS (version 1.17)\\r\\n\\033[2J'
      printf '[    0.000000] Linux version 6.12\\r\\n'
      printf 'half a line@platter ready 6.12.1-amd64\\r\\n'
      printf '@platter begin 1 iotest\\r\\n{"rows":\\r'
      printf '[1]}\\r\\n[    5.100000] random: crng\\r\\nwords\\r\\n@platter end 1 0\\r\\n'
      printf 'between\\r\\n@platter begin 2 dmesg\\r\\n@platter end 2 3\\r\\n@platter done\\r\\n'
      """;

  @TempDir private Path directory;
  private Path kvm;
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final AtomicBoolean cancelled = new AtomicBoolean();

  private final GuestListener listener =
      new GuestListener() {
        @Override
        public void jobBegun(int number, QemuProcess qemu) {
          heard.add("begun " + number);
        }

        @Override
        public void jobEnded(GuestConsole.Result result, QemuProcess qemu) {
          heard.add("ended " + result.number() + " " + result.status());
        }

        @Override
        public void jobLine(String line, QemuProcess qemu) {
          heard.add(line);
        }
      };

  @BeforeEach
  void makeKvm() throws IOException {
    kvm = Files.createFile(directory.resolve("kvm"));
  }

  private QemuCommand machine(String body) throws IOException {
    Path script = FakeQemu.script(directory.resolve("qemu-system-x86_64"), body);
    return new QemuCommand(FakeQemu.of(script), 1, 256L << 20);
  }

  private GuestRunner runner(Accelerator accelerator, GuestRunner.Patience patience) {
    return new GuestRunner(accelerator, patience, directory, warnings::add, cancelled::get)
        .withKvm(kvm);
  }

  private static String ifKvm(String then, String otherwise) {
    return "case \"$*\" in *'-accel kvm'*)\n" + then + "\n;; *)\n" + otherwise + "\n;; esac\n";
  }

  private static void fails(ThrowingCallable run, Kind kind, String... words) {
    assertThatThrownBy(run)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e.getMessage()).contains(words);
            });
  }

  @Test
  void readsWhatJobsPrint() throws IOException {
    ByteArrayOutputStream copy = new ByteArrayOutputStream();
    GuestRunner.Outcome outcome =
        runner(Accelerator.TCG, PATIENCE).copyConsole(copy).run(machine(GOOD), listener);
    assertThat(outcome.accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(outcome.kernelRelease()).isEqualTo("6.12.1-amd64");
    assertThat(outcome.results()).hasSize(2);
    GuestConsole.Result first = outcome.results().getFirst();
    assertThat(first.succeeded()).isTrue();
    assertThat(first.json()).containsExactly("{\"rows\":[1]}");
    assertThat(first.text()).contains("words");
    assertThat(outcome.results().getLast().status()).isEqualTo(3);
    assertThat(heard)
        .containsSubsequence("begun 1", "{\"rows\":[1]}", "words", "ended 1 0", "begun 2")
        .endsWith("ended 2 3")
        .doesNotContain("between");
    assertThat(copy.toString(UTF_8)).startsWith("SeaBIOS").contains("@platter done\r\n");
    assertThat(warnings).isEmpty();
  }

  /** The jobs are done all the same. */
  @Test
  void aConsoleThatCannotBeCopiedIsAFailureInTheEnd() throws IOException {
    try (OutputStream full = new FileOutputStream("/dev/full")) {
      GuestRunner runner = runner(Accelerator.TCG, PATIENCE).copyConsole(full);
      QemuCommand machine = machine(GOOD);
      fails(
          () -> runner.run(machine, listener),
          Kind.FAILED,
          "cannot write all that the guest's console says: No space left on device");
    }
    assertThat(heard).endsWith("ended 2 3");
  }

  @Test
  void usesKvmIfTheGuestComesUp() throws IOException {
    QemuCommand machine = machine(ifKvm(GOOD, "exit 1"));
    assertThat(runner(Accelerator.AUTO, PATIENCE).run(machine, listener).accelerator())
        .isEqualTo(Accelerator.KVM);
    assertThat(warnings).isEmpty();
  }

  @Test
  void usesTcgIfNothingIsHeardUnderKvm() throws IOException {
    GuestRunner.Patience patience = new GuestRunner.Patience(LONG, SHORT, LONG, LONG);
    Path counter = directory.resolve("counter");
    QemuCommand machine = machine(ifKvm("echo >>" + counter + "\nexec sleep 1000", GOOD));
    GuestRunner runner = runner(Accelerator.AUTO, patience);
    assertThat(runner.run(machine, listener).accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(warnings)
        .containsExactly(
            "KVM does not run the guest (no sign of life from its kernel within 300 ms); using"
                + " TCG");
    assertThat(heard).startsWith("begun 1");

    // Known from now on.
    assertThat(runner.run(machine, listener).accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(warnings).hasSize(1);
    assertThat(counter).hasContent("\n");
  }

  @Test
  void usesTcgIfQemuDiesUnderKvm() throws IOException {
    QemuCommand machine =
        machine(
            ifKvm("echo 'failed to initialize kvm: Operation not permitted' >&2; exit 1", GOOD));
    assertThat(runner(Accelerator.AUTO, PATIENCE).run(machine, listener).accelerator())
        .isEqualTo(Accelerator.TCG);
    assertThat(warnings)
        .containsExactly(
            "KVM does not run the guest (QEMU ended with status 1: failed to initialize kvm:"
                + " Operation not permitted); using TCG");
  }

  @Test
  void usesTcgIfTheKernelDiesUnderKvm() throws IOException {
    QemuCommand machine =
        machine(ifKvm("printf '[    0.000000] Linux version 6.12\\r\\n'; exit 0", GOOD));
    assertThat(runner(Accelerator.AUTO, PATIENCE).run(machine, listener).accelerator())
        .isEqualTo(Accelerator.TCG);
  }

  @Test
  void usesTcgWithoutKvm() throws IOException {
    Files.delete(kvm);
    QemuCommand machine = machine(ifKvm("exit 1", GOOD));
    assertThat(runner(Accelerator.AUTO, PATIENCE).run(machine, listener).accelerator())
        .isEqualTo(Accelerator.TCG);
    assertThat(warnings).singleElement().asString().contains("is missing or may not be opened");
  }

  @Test
  void kvmIsNotReplacedIfItIsAskedFor() throws IOException {
    QemuCommand machine = machine(ifKvm("echo 'Could not access KVM' >&2; exit 1", GOOD));
    fails(
        () -> runner(Accelerator.KVM, PATIENCE).run(machine, listener),
        Kind.HOST_LACKS,
        "KVM does not run the guest",
        "Could not access KVM");
  }

  @Test
  void aFailureAfterTheBootIsNotTriedAgain() throws IOException {
    String dies = "printf '@platter ready 6.12\\n@platter begin 1 iotest\\nOops\\n'; exit 4";
    fails(
        () -> runner(Accelerator.AUTO, PATIENCE).run(machine(ifKvm(dies, GOOD)), listener),
        Kind.FAILED,
        "QEMU ended with status 4 while the guest was busy with job 1 (iotest)",
        "    Oops");
    assertThat(warnings).isEmpty();
  }

  @Test
  void aGuestThatDoesNotBootIsToldWithItsConsole() throws IOException {
    String silent = "printf '[    0.000000] Linux version\\nKernel panic\\n'; exec sleep 1000";
    fails(
        () ->
            runner(Accelerator.TCG, PATIENCE)
                .run(machine("echo 'no such disk' >&2; exit 2"), listener),
        Kind.FAILED,
        "the guest does not boot: QEMU ended with status 2: no such disk",
        "The console is empty");
    fails(
        () ->
            runner(Accelerator.TCG, new GuestRunner.Patience(SHORT, LONG, SHORT, LONG))
                .run(machine(silent), listener),
        Kind.FAILED,
        "it did not come up within 600 ms",
        "    Kernel panic");
  }

  @Test
  void aHangIsToldWithTheConsolesEnd() throws IOException {
    GuestRunner.Patience patience = PATIENCE.withSilence(SHORT);
    String hangs =
        "echo $$ >pid; printf '@platter ready 6\\n@platter begin 1 bench\\nlast words\\n'\n"
            + "exec sleep 1000";
    Path pid = directory.resolve("pid");
    fails(
        () ->
            runner(Accelerator.TCG, patience)
                .run(machine(hangs.replace(">pid", ">" + pid)), listener),
        Kind.FAILED,
        "the guest hangs: nothing from job 1 (bench) for 300 ms",
        "    last words");
    assertEnded(pid);
  }

  @Test
  void aCancelledRunEndsQemu() throws IOException {
    Path pid = directory.resolve("pid");
    QemuCommand machine =
        machine(
            "echo $$ >"
                + pid
                + "; printf '@platter ready 6\\n@platter begin 1 x\\n'\n"
                + "exec sleep 1000");
    GuestListener cancels =
        new GuestListener() {
          @Override
          public void jobBegun(int number, QemuProcess qemu) {
            cancelled.set(true);
          }
        };
    fails(
        () -> runner(Accelerator.TCG, PATIENCE).run(machine, cancels), Kind.FAILED, "interrupted");
    assertEnded(pid);
  }

  private static void assertEnded(Path pid) throws IOException {
    assertThat(ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))).isEmpty();
  }

  @Test
  void aQemuThatIgnoresPoliteRequestsIsKilled() throws IOException {
    Path pid = directory.resolve("pid");
    QemuCommand machine =
        machine(
            "trap '' TERM; echo $$ >"
                + pid
                + "; printf '[    0.000001] x\\n'\n"
                + "while :; do sleep 0.1; done");
    fails(
        () ->
            runner(Accelerator.TCG, new GuestRunner.Patience(SHORT, LONG, SHORT, LONG))
                .run(machine, listener),
        Kind.FAILED,
        "it did not come up");
    assertEnded(pid);
  }

  @Test
  void whatCannotBeStartedIsToldAsSuch() {
    QemuCommand machine = new QemuCommand(FakeQemu.of(directory.resolve("missing")), 1, 256L << 20);
    fails(
        () -> runner(Accelerator.TCG, PATIENCE).run(machine, listener),
        Kind.HOST_LACKS,
        "cannot start",
        "missing");
  }
}
