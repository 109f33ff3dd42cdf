package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts one device over an image, runs one workload on it and takes everything down again. Each run
 * has a machine of its own, so that runs cannot disturb each other.
 */
public final class TestBed {
  /**
   * How a run is set up.
   *
   * @param imagePath the image
   * @param image how it is opened
   * @param mainLoop the main loop's configuration
   * @param ioThread each IOThread's, and the raw loop's, configuration
   * @param ioThreads how many IOThreads
   * @param queues how many virtqueues
   * @param depth how many requests the workload may have outstanding
   * @param bufferBytes the largest request
   * @param haltPollNanos how long a halted vCPU spins before it sleeps
   * @param stages whether to record the stages of each request's way
   * @param activityNanos how often {@link dev.platter.emulator.measure.machine.Machine#addActivity
   *     other activity} wakes the main loop; 0 for never
   */
  public record Setup(
      String imagePath,
      ImageOptions image,
      AioConfig mainLoop,
      AioConfig ioThread,
      int ioThreads,
      int queues,
      int depth,
      int bufferBytes,
      long haltPollNanos,
      boolean stages,
      long activityNanos) {
    /** A run without recorded stages and without other activity. */
    public Setup(
        String imagePath,
        ImageOptions image,
        AioConfig mainLoop,
        AioConfig ioThread,
        int ioThreads,
        int queues,
        int depth,
        int bufferBytes,
        long haltPollNanos) {
      this(
          imagePath,
          image,
          mainLoop,
          ioThread,
          ioThreads,
          queues,
          depth,
          bufferBytes,
          haltPollNanos,
          false,
          0);
    }

    /** The same with another main loop. */
    public Setup withMainLoop(AioConfig config) {
      return with(config, stages, activityNanos);
    }

    /** The same with stages recorded or not. */
    public Setup withStages(boolean recorded) {
      return with(mainLoop, recorded, activityNanos);
    }

    /** The same with other activity that wakes the main loop. */
    public Setup withActivity(long periodNanos) {
      return with(mainLoop, stages, periodNanos);
    }

    private Setup with(AioConfig main, boolean recorded, long periodNanos) {
      return new Setup(
          imagePath,
          image,
          main,
          ioThread,
          ioThreads,
          queues,
          depth,
          bufferBytes,
          haltPollNanos,
          recorded,
          periodNanos);
    }

    @Nullable StageRecorder newRecorder(DeviceKind device) {
      return stages ? new StageRecorder(device.traced(), device.toString()) : null;
    }
  }

  /** A workload: gets a target, and a listener for the measured part. */
  public interface Workload extends BiFunction<IoTarget, MeasurementListener, RunResult> {}

  // Longer than a healthy workload takes to end.
  private static final long HANGS_NANOS = TimeUnit.SECONDS.toNanos(15);
  // How old a request that a workload has left in flight may get.
  private static final long CLOSING_NANOS = TimeUnit.SECONDS.toNanos(10);

  private TestBed() {}

  /**
   * Runs a workload on a device.
   *
   * @throws PlatterException if the image, the host or the run fails
   */
  public static MeasuredRun run(DeviceKind device, Setup setup, Workload workload) {
    MeasuredRun measured = attempt(device, setup, () -> false, workload);
    if (measured.result().failure() != null) {
      throw measured.result().failure();
    }
    return measured;
  }

  /**
   * Runs a workload on a device, and returns its figures also if it failed. Closes the disk, unless
   * the disk does not answer; then its memory and threads stay, and {@link RunResult#unanswered}
   * counts its requests.
   *
   * @param cancelled whether the workload was told to end
   * @return with {@link RunResult#failure} if the workload says so
   * @throws PlatterException if the image or the host fails, or if a workload that was told to end
   *     goes on
   */
  public static MeasuredRun attempt(
      DeviceKind device, Setup setup, BooleanSupplier cancelled, Workload workload) {
    return attempt(
        device,
        setup,
        new CancelGrace(cancelled, HANGS_NANOS),
        CLOSING_NANOS,
        workload,
        () -> Disks.open(setup.imagePath(), setup.image()));
  }

  /**
   * As {@link #attempt(DeviceKind, Setup, BooleanSupplier, Workload)} does.
   *
   * @param patience how long to wait for a workload that was told to end
   * @param closingNanos how old a request that the workload has left in flight may get
   * @param opener opens the disk
   */
  static MeasuredRun attempt(
      DeviceKind device,
      Setup setup,
      CancelGrace patience,
      long closingNanos,
      Workload workload,
      Supplier<? extends BlockBackend> opener) {
    CompletableFuture<MeasuredRun> outcome = new CompletableFuture<>();
    CompletableFuture<Void> closed =
        CompletableFuture.runAsync(
            () -> {
              try (BlockBackend disk = opener.get()) {
                switch (device) {
                  case RAW -> onRing(disk, setup, workload, outcome);
                  case AHCI, VIRTIO -> {
                    try (GuestBed bed = new GuestBed(device, disk, setup)) {
                      outcome.complete(bed.run(workload));
                    }
                  }
                }
              }
            },
            task ->
                Thread.ofPlatform()
                    .name(device == DeviceKind.RAW ? "raw" : "bed")
                    .daemon()
                    .start(task));
    if (!CancelGrace.isComplete(CompletableFuture.anyOf(outcome, closed), patience)) {
      throw PlatterException.failed(
          "the run on " + device + " was told to end and does not: its disk or its host hangs",
          null);
    }
    MeasuredRun measured = outcome.join();
    UnansweredRequests left = measured.result().unanswered();
    long begin = System.nanoTime();
    boolean all =
        CancelGrace.isComplete(
            closed,
            left == null ? patience : () -> System.nanoTime() - left.sinceNanos() >= closingNanos);
    long now = System.nanoTime();
    // The flush that closes an image is not counted as a request.
    UnansweredRequests rest =
        left == null ? new UnansweredRequests(1, begin, now) : left.until(now);
    return measured.with(measured.result().leaving(all ? null : rest));
  }

  private static void onRing(
      BlockBackend disk, Setup setup, Workload workload, CompletableFuture<MeasuredRun> outcome) {
    StageRecorder recorder = setup.newRecorder(DeviceKind.RAW);
    try (Mapping memory = Mapping.anonymous((long) setup.depth() * setup.bufferBytes());
        AioContext loop = new AioContext("raw", setup.ioThread(), null);
        RawTarget target =
            new RawTarget(loop, disk, memory, setup.depth(), setup.bufferBytes(), recorder);
        Meter meter = new Meter(List.of(loop), null, null, () -> 0L, () -> 0L, recorder)) {
      RunResult result = workload.apply(target, meter);
      outcome.complete(meter.measured(result, List.of()));
    } catch (ErrnoException e) {
      throw noMemory(setup, e);
    }
  }

  private static PlatterException noMemory(Setup setup, ErrnoException cause) {
    return new PlatterException(
        PlatterException.Kind.HOST_LACKS,
        "no memory for " + setup.depth() + " buffers of " + setup.bufferBytes() + " bytes",
        "Use a smaller --iodepth or --bs",
        cause);
  }
}
