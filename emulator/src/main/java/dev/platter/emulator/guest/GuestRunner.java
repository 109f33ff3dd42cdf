package dev.platter.emulator.guest;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.guestimages.GuestConsole;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Boots guests and waits until their jobs are done. With {@link Accelerator#AUTO} it tries KVM
 * first. Some hosts have a {@code /dev/kvm} that does not run a stock kernel, so only a guest that
 * comes up proves that KVM works. If the guest does not come up, a warning is given and TCG is used
 * from then on.
 */
public final class GuestRunner {
  private static final Duration TICK = Duration.ofMillis(50);
  private static final int SHOWN_LINES = 25;

  /**
   * How long to wait for a guest.
   *
   * @param life for the first sign of life from its kernel
   * @param kvmLife the same under KVM, where a guest comes up at once or never
   * @param boot for its first process, after the first sign of life
   * @param silence for the next output of a job
   */
  public record Patience(Duration life, Duration kvmLife, Duration boot, Duration silence) {
    /** Enough for TCG on a busy machine. */
    public static final Patience DEFAULT =
        new Patience(
            Duration.ofSeconds(120),
            Duration.ofSeconds(15),
            Duration.ofSeconds(240),
            Duration.ofSeconds(180));

    /** The same with another limit for the silence of jobs. */
    public Patience withSilence(Duration longest) {
      return new Patience(life, kvmLife, boot, longest);
    }
  }

  /**
   * The results of a guest.
   *
   * @param accelerator the engine that ran it
   * @param kernelRelease its kernel's version
   * @param results of its jobs, in order
   */
  public record Outcome(
      Accelerator accelerator, String kernelRelease, List<GuestConsole.Result> results) {}

  private final Patience patience;
  private final Path directory;
  private final Consumer<String> warnings;
  private final BooleanSupplier cancelled;
  private @Nullable OutputStream consoleCopy;
  private boolean interactive;
  private Accelerator accelerator;
  private Path kvm = Path.of("/dev/kvm");

  /**
   * Prepares to boot guests.
   *
   * @param accelerator the engine for them
   * @param directory for temporary files
   * @param warnings gets warnings for the user, in a line each
   * @param cancelled asked all the time; true ends a guest
   */
  public GuestRunner(
      Accelerator accelerator,
      Patience patience,
      Path directory,
      Consumer<String> warnings,
      BooleanSupplier cancelled) {
    this.accelerator = accelerator;
    this.patience = patience;
    this.directory = directory;
    this.warnings = warnings;
    this.cancelled = cancelled;
  }

  /** Copies the output of consoles. */
  public GuestRunner copyConsole(OutputStream out) {
    consoleCopy = out;
    return this;
  }

  /** Lets the user's terminal be the console: no limit for the silence of jobs. */
  public GuestRunner interactive() {
    interactive = true;
    return this;
  }

  /** For tests: a path to use instead of /dev/kvm. */
  GuestRunner withKvm(Path device) {
    kvm = device;
    return this;
  }

  /**
   * Boots a guest and waits until it has done its jobs and turned itself off.
   *
   * @param machine the machine to boot it in
   * @param listener hears of its progress; again from the beginning after a failed boot under KVM
   * @throws PlatterException of kind FAILED if the guest hangs, dies or is cancelled; HOST_LACKS if
   *     KVM was asked for and does not run the guest
   */
  public Outcome run(QemuCommand machine, GuestListener listener) {
    if (accelerator != Accelerator.TCG) {
      try {
        return runUnderKvm(machine, listener);
      } catch (BootFailure e) {
        if (accelerator == Accelerator.KVM) {
          throw new PlatterException(
              PlatterException.Kind.HOST_LACKS,
              "KVM does not run the guest: " + e.getMessage(),
              "--accel tcg",
              e);
        }
        warnings.accept("KVM does not run the guest (" + e.headline + "); using TCG");
        accelerator = Accelerator.TCG;
      }
    }
    try {
      return attempt(machine, Accelerator.TCG, listener);
    } catch (BootFailure e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "the guest does not boot: " + e.getMessage(), null, e);
    }
  }

  private Outcome runUnderKvm(QemuCommand machine, GuestListener listener) throws BootFailure {
    if (!kvm.toFile().canRead() || !kvm.toFile().canWrite()) {
      throw new BootFailure(kvm + " is missing or may not be opened", "");
    }
    return attempt(machine, Accelerator.KVM, listener);
  }

  /** The guest never started its first process. */
  private static final class BootFailure extends Exception {
    private static final long serialVersionUID = 1;
    private final String headline;

    BootFailure(String headline, String details) {
      super(details.isEmpty() ? headline : headline + "\n" + details);
      this.headline = headline;
    }
  }

  private Outcome attempt(QemuCommand machine, Accelerator with, GuestListener listener)
      throws BootFailure {
    ConsoleWatcher watcher = new ConsoleWatcher(with, listener);
    try (QemuProcess qemu =
        QemuProcess.start(
            machine.build(with),
            machine.qemu().environment(),
            directory,
            interactive,
            consoleCopy,
            watcher::line)) {
      watcher.begin(qemu);
      watch(qemu, watcher, with);
      checkCopy(qemu);
      return watcher.outcome();
    }
  }

  private static void checkCopy(QemuProcess qemu) {
    IOException failure = qemu.copyFailure();
    if (failure != null) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot write all that the guest's console says: " + IoReason.of(failure),
          "Free some space, or name another file with --console",
          failure);
    }
  }

  private void watch(QemuProcess qemu, ConsoleWatcher watcher, Accelerator with)
      throws BootFailure {
    Duration life = with == Accelerator.KVM ? patience.kvmLife() : patience.life();
    long startNanos = System.nanoTime();
    while (true) {
      if (ended(qemu)) {
        checkEnd(qemu, watcher);
        return;
      }
      if (cancelled.getAsBoolean()) {
        throw PlatterException.failed("interrupted: the guest was ended", null);
      }
      Duration age = Duration.ofNanos(System.nanoTime() - startNanos);
      switch (watcher.stage()) {
        case DARK -> {
          if (age.compareTo(life) > 0) {
            throw new BootFailure(
                "no sign of life from its kernel within " + seconds(life), details(qemu));
          }
        }
        case BOOTING -> {
          if (age.compareTo(life.plus(patience.boot())) > 0) {
            throw new BootFailure(
                "it did not come up within " + seconds(life.plus(patience.boot())), details(qemu));
          }
        }
        case UP -> {
          if (!interactive && qemu.silence().compareTo(patience.silence()) > 0) {
            throw PlatterException.failed(
                "the guest hangs: nothing from "
                    + watcher.currentJob()
                    + " for "
                    + seconds(patience.silence())
                    + "\n"
                    + details(qemu),
                "--shell to look into it, or a longer --timeout");
          }
        }
      }
    }
  }

  private static boolean ended(QemuProcess qemu) {
    try {
      return qemu.awaitEnd(TICK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw PlatterException.failed("interrupted: the guest was ended", null);
    }
  }

  private void checkEnd(QemuProcess qemu, ConsoleWatcher watcher) throws BootFailure {
    if (watcher.done()) {
      return;
    }
    if (cancelled.getAsBoolean()) {
      throw PlatterException.failed("interrupted: the guest was ended", null);
    }
    Integer status = qemu.exitStatus();
    String end = "QEMU ended with status " + status;
    if (watcher.stage() != Stage.UP) {
      String complaint = qemu.complaints().lines().findFirst().orElse("");
      throw new BootFailure(complaint.isEmpty() ? end : end + ": " + complaint, details(qemu));
    }
    throw PlatterException.failed(
        end + " while the guest was busy with " + watcher.currentJob() + "\n" + details(qemu),
        null);
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() < 10_000 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
  }

  /** The last output of QEMU and of the console, for people. */
  private static String details(QemuProcess qemu) {
    StringBuilder text = new StringBuilder();
    String complaints = qemu.complaints();
    if (!complaints.isEmpty()) {
      text.append("QEMU said:\n").append(indented(complaints));
    }
    String tail = qemu.consoleTail();
    text.append(tail.isBlank() ? "The console is empty.\n" : "The console's end:\n");
    text.append(indented(tail));
    return text.toString().stripTrailing();
  }

  private static String indented(String lines) {
    List<String> all = lines.lines().filter(line -> !line.isBlank()).toList();
    StringBuilder text = new StringBuilder();
    all.subList(Math.max(0, all.size() - SHOWN_LINES), all.size())
        .forEach(line -> text.append("    ").append(line).append('\n'));
    return text.toString();
  }

  /** How far a guest has come. */
  private enum Stage {
    DARK,
    BOOTING,
    UP
  }

  /** Follows a console. Lines come on the console's thread, questions on another thread. */
  private static final class ConsoleWatcher {
    private final GuestConsole console = new GuestConsole();
    private final Accelerator accelerator;
    private final GuestListener listener;
    private @Nullable QemuProcess qemu;
    private Stage stage = Stage.DARK;
    private int begun;
    private int ended;

    ConsoleWatcher(Accelerator accelerator, GuestListener listener) {
      this.accelerator = accelerator;
      this.listener = listener;
    }

    /** Sets the process that the lines belong to; lines wait for this. */
    synchronized void begin(QemuProcess process) {
      qemu = process;
      notifyAll();
    }

    synchronized void line(String line) {
      QemuProcess process = process();
      if (process == null) {
        return;
      }
      if (stage == Stage.DARK && isKernel(line)) {
        stage = Stage.BOOTING;
      }
      String said = console.line(line);
      if (said == null) {
        return;
      }
      if (stage != Stage.UP) {
        stage = Stage.UP;
        listener.up(accelerator, release());
      }
      List<GuestConsole.Result> results = console.results();
      if (results.size() > begun) {
        begun = results.size();
        listener.jobBegun(begun, process);
      } else if (console.current() != null) {
        listener.jobLine(said, process);
      } else if (ended < begun) {
        ended = begun;
        listener.jobEnded(results.getLast(), process);
      }
    }

    private @Nullable QemuProcess process() {
      while (qemu == null) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return null;
        }
      }
      return qemu;
    }

    /** Every line of a kernel's begins with a time stamp. */
    private static boolean isKernel(String line) {
      return line.matches("\\[ *\\d+\\.\\d{6}\\].*");
    }

    synchronized Stage stage() {
      return stage;
    }

    synchronized boolean done() {
      return console.done();
    }

    synchronized String currentJob() {
      GuestConsole.Result current = console.current();
      return current == null
          ? "its first process"
          : "job " + current.number() + " (" + current.name() + ")";
    }

    private String release() {
      String release = console.release();
      return release == null ? "unknown" : release;
    }

    synchronized Outcome outcome() {
      return new Outcome(accelerator, release(), console.results());
    }
  }
}
