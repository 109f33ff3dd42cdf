package dev.platter.emulator.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.loop.Threads;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.CancelGrace;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class GuestRunTest {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final Target SATA = new Target(Backend.PLATTER, DeviceKind.AHCI);
  private static final Target VIRTIO = new Target(Backend.PLATTER, DeviceKind.VIRTIO);
  private static final Target PEER = new Target(Backend.QEMU, DeviceKind.AHCI);

  /**
   * A guest that does the jobs of its command line and remembers them. A job's figure is its
   * number.
   */
  private static final String GUEST =
      """
      number=0
      for argument; do
        case $argument in console=*) jobs=$argument ;; esac
      done
      echo "$jobs" >>"%s"
      echo '@platter ready 6.12'
      for word in $jobs; do
        case $word in platter.job=*) ;; *) continue ;; esac
        number=$((number + 1))
        name=${word#platter.job=}
        name=${name%%%%,*}
        echo "@platter begin $number $name"
        echo "{\\"rows\\":[{\\"total_seconds\\":{\\"median\\":$number}}]}"
        echo "@platter end $number %s"
      done
      echo '@platter done'
      """;

  @TempDir private Path directory;
  private Path log;
  private final List<String> opened = new ArrayList<>();
  private final AtomicBoolean cancelled = new AtomicBoolean();
  private CountDownLatch answered = new CountDownLatch(0);
  private long requests;
  private int takesOfStages = Integer.MAX_VALUE;

  @BeforeEach
  void nameLog() {
    log = directory.resolve("log");
  }

  private final HostDisks.Opener opener =
      (kinds, writable) -> {
        opened.add("open " + kinds + (writable ? " writable" : ""));
        return new HostDisks() {
          @Override
          public VmDisk attachment(DeviceKind kind) {
            return new VmDisk.VfioUser(kind.toString(), Path.of("/s"));
          }

          @Override
          public @Nullable StageRun takeStages(DeviceKind kind) {
            if (takesOfStages-- == 0) {
              throw new IllegalArgumentException("made up");
            }
            return null;
          }

          @Override
          public LoopStats.Snapshot loop(DeviceKind kind) {
            requests += 10;
            return new LoopStats.Snapshot(0, 0, 0, requests, 0, 0, 0, 0, 0, 0, 0);
          }

          @Override
          public long inFlight() {
            return 3;
          }

          @Override
          public void close() {
            opened.add("close " + kinds);
            if (answered.getCount() > 0) {
              cancelled.set(true); // at the latest
            }
            Threads.awaitUninterruptibly(answered);
          }
        };
      };

  private GuestRun.Result run(String script, int runs, String rw, Target... targets)
      throws IOException {
    return run(script, opener, runs, rw, targets);
  }

  private GuestRun.Result run(
      String script, HostDisks.Opener own, int runs, String rw, Target... targets)
      throws IOException {
    Qemu qemu = FakeQemu.of(FakeQemu.script(directory.resolve("qemu"), script));
    GuestRun.Plan plan =
        new GuestRun.Plan(
            qemu,
            new Guest(directory, Path.of("/k"), Path.of("/i"), "6.12"),
            Path.of("/image"),
            List.of(targets),
            List.of(Workload.IOTEST, Workload.FIO_LIKE),
            GuestJob.Iotest.defaults(),
            new GuestJob.Bench(rw, 4096, 1, 0, 10, 1),
            runs,
            1,
            256L << 20);
    GuestRunner runner =
        new GuestRunner(
            Accelerator.TCG,
            new GuestRunner.Patience(LONG, LONG, LONG, LONG),
            directory,
            line -> {},
            cancelled::get);
    return new GuestRun(
            plan,
            runner,
            own,
            (line, done) -> {},
            cancelled::get,
            new CancelGrace(cancelled::get, 0))
        .run();
  }

  private List<String> jobs(int boot) throws IOException {
    return Files.readAllLines(log)
        .get(boot)
        .lines()
        .flatMap(line -> java.util.Arrays.stream(line.split(" ", -1)))
        .filter(word -> word.startsWith("platter.job="))
        .map(word -> word.replaceAll("platter.job=(\\w+),disk=serial:([\\w-]+),.*", "$1 $2"))
        .toList();
  }

  @Test
  void readersShareAMachineAndTakeTurns() throws IOException {
    GuestRun.Result result = run(GUEST.formatted(log, 0), 2, "randread", SATA, VIRTIO, PEER);
    assertThat(log).content().hasLineCount(2);
    assertThat(jobs(0))
        .containsExactly(
            "bench platter-ahci",
            "bench platter-virtio",
            "bench qemu-ahci",
            "iotest platter-ahci",
            "iotest platter-virtio",
            "iotest qemu-ahci",
            "bench platter-ahci",
            "bench platter-virtio",
            "bench qemu-ahci");
    assertThat(jobs(1)).startsWith("bench qemu-ahci", "bench platter-virtio");
    assertThat(opened)
        .containsExactly(
            "open [ahci, virtio]",
            "close [ahci, virtio]",
            "open [virtio, ahci]",
            "close [virtio, ahci]");

    assertThat(result.kernelRelease()).isEqualTo("6.12");
    assertThat(result.rows()).hasSize(6).allSatisfy(row -> assertThat(row.runs()).hasSize(2));
    GuestRow first = result.rows().getFirst();
    assertThat(first.target()).isEqualTo(SATA);
    assertThat(first.workload()).isEqualTo(Workload.IOTEST);
    // Warm-ups are counted by the guest and go nowhere.
    assertThat(first.runs().get(0).figure("total_seconds", "median")).isEqualTo(4);
    assertThat(first.runs().get(1).figure("total_seconds", "median")).isEqualTo(6);
    assertThat(first.runs().get(0).figure("latency_us", "p50")).isNaN();
    LoopStats.Snapshot loop = first.runs().getFirst().loop();
    assertThat(loop == null ? 0 : loop.blockSqes()).isEqualTo(10);
    assertThat(result.rows().getLast().runs().getFirst().loop()).isNull();
  }

  @Test
  void aWriterHasItsOwnMachine() throws IOException {
    run(GUEST.formatted(log, 0), 1, "randwrite", SATA, VIRTIO);
    assertThat(opened)
        .containsExactly(
            "open [ahci] writable", "close [ahci]", "open [virtio] writable", "close [virtio]");
    assertThat(jobs(1))
        .containsExactly("bench platter-virtio", "iotest platter-virtio", "bench platter-virtio");
  }

  @Test
  void aFailedJobFailsTheRun() {
    assertThatThrownBy(() -> run(GUEST.formatted(log, 7), 1, "randread", SATA))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("bench on platter ahci failed with status 7");
    assertThat(opened).endsWith("close [ahci]");
  }

  /**
   * The jobs that were complete when the guest died are a result, and so is why there are no more.
   */
  @Test
  void whatWasMeasuredBeforeAFailureIsTheResult() throws IOException {
    String dies = GUEST.replace("\ndone", "\n[ $number -lt 2 ] || exit 3\ndone");
    GuestRun.Result result = run(dies.formatted(log, 0), 2, "randread", SATA);
    assertThat(result.rows())
        .singleElement()
        .satisfies(row -> {
          assertThat(row.workload()).isEqualTo(Workload.IOTEST);
          assertThat(row.runs()).hasSize(1);
        });
    assertThat(result.failure()).hasMessageContaining("QEMU ended with status 3");
    assertThat(result.kernelRelease()).isEqualTo("6.12");
    assertThat(result.accelerator()).isEqualTo(Accelerator.TCG);
  }

  /** Of the job that has just ended: its account is not complete, and it is not a result. */
  @Test
  void theFirstFailureIsToldIfAJobCannotBeAccountedFor() throws IOException {
    takesOfStages = 5; // at the begin and the end of two jobs, and at the third one's begin
    GuestRun.Result result = run(GUEST.formatted(log, 0), 1, "randread", SATA);
    assertThat(result.rows()).singleElement().satisfies(row -> assertThat(row.runs()).hasSize(1));
    assertThat(result.failure())
        .isInstanceOf(PlatterException.class)
        .hasMessageStartingWith("QEMU ended with status");
  }

  @Test
  void aGuestThatSkipsJobsFailsTheRun() {
    String two =
        """
        echo '@platter ready 6.12'
        echo '@platter begin 1 bench'
        echo '{}'
        echo '@platter end 1 0'
        echo '@platter done'
        """;
    assertThatThrownBy(() -> run(two, 1, "randread", SATA))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("did 1 of its 3 jobs");
  }

  @Test
  void aJobWithoutResultFailsTheRun() {
    String none = GUEST.formatted(log, 0).replace("{\\\"rows\\\":[", "{\\\"rows\\\":[[");
    assertThatThrownBy(() -> run(none, 1, "randread", SATA))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("printed no");
  }

  @Test
  void whatIsCompleteWhenTheUserInterruptsIsTheResult() throws IOException {
    // The second boot never ends; the first one's end is the user's cue.
    String script = "[ ! -e \"" + log + "\" ] || exec sleep 1000\n" + GUEST.formatted(log, 0);
    HostDisks.Opener inner = opener;
    AtomicBoolean second = new AtomicBoolean();
    GuestRun.Result result =
        run(
            script,
            (kinds, writable) -> {
              if (second.getAndSet(true)) {
                cancelled.set(true);
              }
              return inner.open(kinds, writable);
            },
            2,
            "randread",
            SATA);
    assertThat(result.rows()).hasSize(2).allSatisfy(row -> assertThat(row.runs()).hasSize(1));
    assertThat(result.unanswered()).isNull();
  }

  /** Then closing it would wait for ever. */
  @Test
  void whatIsCompleteIsTheResultIfTheDiskDoesNotAnswer() throws IOException {
    String script = "[ ! -e \"" + log + "\" ] || exec sleep 1000\n" + GUEST.formatted(log, 0);
    HostDisks.Opener inner = opener;
    AtomicBoolean second = new AtomicBoolean();
    GuestRun.Result result =
        run(
            script,
            (kinds, writable) -> {
              if (second.getAndSet(true)) {
                answered = new CountDownLatch(1);
                cancelled.set(true);
              }
              return inner.open(kinds, writable);
            },
            2,
            "randread",
            SATA);
    answered.countDown();
    assertThat(result.rows()).hasSize(2).allSatisfy(row -> assertThat(row.runs()).hasSize(1));
    assertThat(result.failure()).isNull();
    UnansweredRequests unanswered = Objects.requireNonNull(result.unanswered());
    assertThat(unanswered.requests()).isEqualTo(3);
    assertThat(unanswered.ageNanos()).isPositive();
  }

  /** All jobs of the first machine are complete, and only its closing hangs. */
  @Test
  void noDiskIsOpenedAfterOneThatDoesNotAnswer() throws IOException {
    answered = new CountDownLatch(1);
    GuestRun.Result result = run(GUEST.formatted(log, 0), 2, "randread", SATA);
    answered.countDown();
    assertThat(opened).containsExactly("open [ahci]", "close [ahci]");
    assertThat(result.rows()).hasSize(2).allSatisfy(row -> assertThat(row.runs()).hasSize(1));
    assertThat(result.failure()).isNull();
    assertThat(result.unanswered()).isNotNull();
  }
}
