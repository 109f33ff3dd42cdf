package dev.platter.it.stall;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.QemuProcess;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.KnownImage;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One guest that writes, reads and keeps book while its disk stalls once. */
final class StallTrial {
  /** The guest's RAM: small, so that memory that is freed is soon used again. */
  private static final long MEMORY_BYTES = 256L << 20;

  private static final long REGION_BYTES = 16L << 20;
  private static final long GUARD_BYTES = 16L << 20;
  private static final long IMAGE_BYTES = 48L << 20;
  private static final long SEED = 11;
  private static final int BUSY_SECONDS = 3;
  private static final int AFTER_SECONDS = 5;

  /** How long a guest may take from the end of a stall to its next flush. */
  private static final int RESUME_SECONDS = 240;

  /**
   * The kernel says so if a page is written to while it is free; and it does not give up because a
   * timer is late on a busy host.
   */
  private static final String KERNEL_OPTIONS = " page_poison=1 no_timer_check";

  private static final Pattern FLUSHED = Pattern.compile("\\{\"flushed\":(\\d+)}");

  private final Qemu qemu;
  private final Guest guest;
  private final DiskServer.Backend backend;
  private final StalledDisk.Way way;
  private final int stallSeconds;

  StallTrial(
      Qemu qemu, Guest guest, DiskServer.Backend backend, StalledDisk.Way way, int stallSeconds) {
    this.qemu = qemu;
    this.guest = guest;
    this.backend = backend;
    this.way = way;
    this.stallSeconds = stallSeconds;
  }

  @Override
  public String toString() {
    return backend + ", " + way + ", " + stallSeconds + " s";
  }

  /** Told by the guest's console; asked by the one who stalls the disk. */
  private static final class Watch implements GuestListener {
    private final CountDownLatch over = new CountDownLatch(1);
    private @Nullable QemuProcess machine;
    private List<GuestConsole.Result> ended = new ArrayList<>();
    private long flushed;

    @Override
    public synchronized void jobLine(String line, QemuProcess qemu) {
      machine = qemu;
      Matcher matcher = FLUSHED.matcher(line);
      if (matcher.find()) {
        flushed = Long.parseLong(matcher.group(1));
        notifyAll();
      }
    }

    @Override
    public synchronized void jobEnded(GuestConsole.Result result, QemuProcess qemu) {
      ended.add(result);
      if (result.name().equals("endure")) {
        over.countDown();
      }
    }

    synchronized long flushed() {
      return flushed;
    }

    synchronized GuestConsole.@Nullable Result result(String name) {
      return ended.stream().filter(it -> it.name().equals(name)).findFirst().orElse(null);
    }

    /** Waits until a flush covers more writes than this; false if that does not happen in time. */
    synchronized boolean awaitMoreThan(long writes, int seconds) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
      while (flushed <= writes && over.getCount() > 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return false;
        }
        wait(left);
      }
      return flushed > writes;
    }

    /** The guest has ended, one way or another. */
    synchronized void end() {
      over.countDown();
      notifyAll();
    }

    synchronized void tellGuestToStop() throws IOException {
      if (machine != null) {
        machine.type("\n");
      }
    }
  }

  /** Stalls the disk once the guest is busy, and tells it to stop when it has gone on. */
  private final class Staller implements Runnable {
    private final Watch watch;
    private final StalledDisk disk;
    private volatile @Nullable Double resumeSeconds;
    private volatile @Nullable Throwable failure;

    Staller(Watch watch, StalledDisk disk) {
      this.watch = watch;
      this.disk = disk;
    }

    @Override
    public void run() {
      try {
        if (!watch.awaitMoreThan(0, 600)) {
          return;
        }
        boolean over = watch.over.await(BUSY_SECONDS, TimeUnit.SECONDS);
        if (!over) {
          stall();
        }
        watch.tellGuestToStop();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException | RuntimeException e) {
        failure = e;
      }
    }

    private void stall() throws InterruptedException {
      disk.stop();
      // A guest that dies meanwhile does not shorten it: what is late must still come.
      try {
        TimeUnit.SECONDS.sleep(stallSeconds);
      } finally {
        disk.go();
      }
      long from = System.nanoTime();
      // A flush that was being made covers what was written before the stall; the next one does
      // not.
      long before = watch.flushed();
      if (watch.awaitMoreThan(before, RESUME_SECONDS)
          && watch.awaitMoreThan(watch.flushed(), RESUME_SECONDS)) {
        resumeSeconds = (System.nanoTime() - from) / 1e9;
        boolean _ = watch.over.await(AFTER_SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  /**
   * Boots the guest and sees it through.
   *
   * @param directory an empty one of its own, on a disk, which only its owner may enter
   * @param heldFile the program of held-file.c
   */
  StallResult run(Path directory, Path heldFile) {
    Watch watch = new Watch();
    StalledDisk disk = way.make(directory, heldFile, IMAGE_BYTES, SEED);
    @Nullable String end;
    Staller staller = new Staller(watch, disk);
    List<String> server;
    // A frozen file system would stay frozen, and a server be in the way of unmounting it.
    AtomicReference<@Nullable DiskServer> serving = new AtomicReference<>();
    Thread hook = Thread.ofPlatform().name("let-go").unstarted(() -> letGo(serving.get(), disk));
    Runtime.getRuntime().addShutdownHook(hook);
    try (disk) {
      try (DiskServer served = DiskServer.start(backend, qemu, disk.image(), directory)) {
        serving.set(served);
        Thread thread = Thread.ofPlatform().name("staller").start(staller);
        try {
          end = boot(served, directory, watch);
        } finally {
          watch.end();
          join(thread);
        }
        server = telling(served.log());
      }
    } finally {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
    Throwable failure = staller.failure;
    if (failure != null) {
      throw HostTool.failed("the disk could not be stalled: " + failure, failure);
    }
    GuestConsole.Result dmesg = watch.result("dmesg");
    // Of a guest that died there is only what it said last.
    List<String> log =
        dmesg != null ? dmesg.text() : end == null ? List.of() : end.lines().toList();
    return new StallResult(
        backend,
        way,
        stallSeconds,
        end,
        staller.resumeSeconds,
        StallResult.verdicts(watch.result("endure")),
        StallResult.telling(log),
        sameAsGuestSees(watch.result("hash"), disk.backing()),
        ImageCheck.of(disk.backing(), REGION_BYTES, SEED),
        server);
  }

  private static void letGo(@Nullable DiskServer server, StalledDisk disk) {
    // Or the server would wait for what is held.
    disk.go();
    if (server != null) {
      server.close();
    }
    disk.close();
  }

  private @Nullable String boot(DiskServer served, Path directory, Watch watch) {
    GuestJob.Endure endure =
        new GuestJob.Endure(REGION_BYTES, GUARD_BYTES, SEED, stallSeconds + RESUME_SECONDS);
    List<GuestJob> jobs =
        List.of(
            GuestJob.endure(backend.disk(), endure),
            GuestJob.dmesg(),
            GuestJob.hash(backend.disk()));
    QemuCommand machine =
        new QemuCommand(qemu, 1, MEMORY_BYTES)
            .kernel(guest.kernel(), guest.initramfs(), GuestJob.commandLine(jobs) + KERNEL_OPTIONS)
            .disk(served.disk());
    Duration silence = Duration.ofSeconds(stallSeconds + 2L * RESUME_SECONDS);
    try (var console = new FileOutputStream(directory.resolve("console").toFile())) {
      new GuestRunner(
              Accelerator.TCG,
              GuestRunner.Patience.DEFAULT.withSilence(silence),
              directory,
              System.err::println,
              () -> false)
          .copyConsole(console)
          .run(machine, watch);
      return null;
    } catch (PlatterException e) {
      return String.valueOf(e.getMessage());
    } catch (IOException e) {
      throw HostTool.failed("cannot write the console's copy: " + e, e);
    }
  }

  private static @Nullable Boolean sameAsGuestSees(GuestConsole.@Nullable Result hash, Path image) {
    if (hash == null || !hash.succeeded()) {
      return null;
    }
    List<String> wanted = KnownImage.scan(image).sha256();
    List<String> lines = hash.json();
    for (int mib = 0; mib < wanted.size(); mib++) {
      if (mib >= lines.size() || !lines.get(mib).contains(wanted.get(mib))) {
        return false;
      }
    }
    return true;
  }

  private static List<String> telling(String log) {
    return log.lines().filter(line -> line.matches(".*(?i)(warn|error|fail|slow).*")).toList();
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw HostTool.interrupted();
    }
  }
}
