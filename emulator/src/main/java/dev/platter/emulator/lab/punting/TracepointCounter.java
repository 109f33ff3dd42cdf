package dev.platter.emulator.lab.punting;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.HostProgram;
import dev.platter.emulator.host.OwnProcess;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts how often this process hands an io_uring request to a worker thread, by the kernel's
 * tracepoint {@code io_uring:io_uring_queue_async_work}.
 *
 * <p>The counter has a tracing instance of its own, which other users of tracing do not see, and
 * counts for the process's present and later threads. Before use, it must count a request that is
 * punted on purpose. {@link #close} removes the instance; the next counter removes an instance of a
 * killed process.
 */
final class TracepointCounter implements AutoCloseable {
  private static final String EVENT = "events/io_uring/io_uring_queue_async_work";
  private static final String PREFIX = "platter-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{1,10})-[0-9]+");
  private static final int BUFFER_KIB = 64; // per processor; events without room still count
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Path scratch;
  private final ExitGuard guard;
  private @Nullable Path mounted;
  private @Nullable Path instance;

  private TracepointCounter(Path scratch) {
    this.scratch = scratch;
    this.guard = new ExitGuard(this::undo);
  }

  /**
   * Begins to count.
   *
   * @param scratch where tracefs may be mounted if it is not mounted
   * @param noMounts why it must not be mounted, as the host would see the mount; null if it may
   * @throws PlatterException of kind HOST_LACKS, with what is missing; nothing is left behind
   */
  static TracepointCounter open(Path scratch, @Nullable String noMounts) {
    TracepointCounter counter = new TracepointCounter(scratch);
    try {
      counter.begin(noMounts);
      return counter;
    } catch (IOException e) {
      counter.close();
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "punts cannot be counted by the tracepoint: " + IoReason.of(e),
          "Run it as root, with tracefs: mount -t tracefs tracefs /sys/kernel/tracing",
          e);
    } catch (RuntimeException e) {
      counter.close();
      throw e;
    }
  }

  private void begin(@Nullable String noMounts) throws IOException {
    Path found = mountPoint(HostFiles.ofHost().lines("/proc/self/mounts"));
    Path tracing = found == null ? mount(noMounts) : found;
    if (!Files.isDirectory(tracing.resolve("instances"))
        || !Files.isReadable(tracing.resolve("instances"))) {
      throw lacks("tracefs at " + tracing + " is for root only", "Run it as root");
    }
    removeStale(tracing.resolve("instances"));
    Path made =
        tracing
            .resolve("instances")
            .resolve(PREFIX + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet());
    Files.createDirectory(made);
    instance = made;
    if (!Files.exists(made.resolve(EVENT))) {
      throw lacks(
          "this kernel has no tracepoint io_uring:io_uring_queue_async_work",
          "CONFIG_EVENT_TRACING, Linux 5.5 or newer");
    }
    write(made.resolve("buffer_size_kb"), Integer.toString(BUFFER_KIB));
    // New threads are followed first, then the present threads are added.
    write(made.resolve("options/event-fork"), "1");
    write(made.resolve("set_event_pid"), threads());
    write(made.resolve(EVENT).resolve("enable"), "1");
    checkThatItCounts();
  }

  private Path mount(@Nullable String noMounts) throws IOException {
    if (noMounts != null) {
      throw lacks(
          "tracefs is not mounted, and here it cannot be: " + noMounts,
          "As root: mount -t tracefs tracefs /sys/kernel/tracing");
    }
    Path directory = Files.createDirectory(scratch.resolve("tracefs.mnt"));
    HostProgram.Outcome outcome =
        HostProgram.run("mount", "-t", "tracefs", "tracefs", directory.toString());
    if (!outcome.ok()) {
      Files.delete(directory);
      throw lacks(
          "tracefs is not mounted, and mounting it failed: " + outcome.complaint(),
          "As root: mount -t tracefs tracefs /sys/kernel/tracing");
    }
    mounted = directory;
    return directory;
  }

  /**
   * The mount point of tracefs, or null.
   *
   * @param mounts lines of {@code /proc/self/mounts}
   */
  static @Nullable Path mountPoint(List<String> mounts) {
    Path inDebugfs = null;
    for (String line : mounts) {
      String[] fields = line.split(" ", -1);
      if (fields.length < 3) {
        continue;
      }
      if (fields[2].equals("tracefs")) {
        return Path.of(unescaped(fields[1]));
      }
      if (fields[2].equals("debugfs")) {
        Path tracing = Path.of(unescaped(fields[1])).resolve("tracing");
        inDebugfs = Files.isDirectory(tracing.resolve("instances")) ? tracing : inDebugfs;
      }
    }
    return inDebugfs;
  }

  private static String unescaped(String field) {
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
  }

  private static String threads() throws IOException {
    return OwnProcess.threads().stream()
        .map(task -> String.valueOf(task.getFileName()))
        .collect(Collectors.joining(" "));
  }

  private static void write(Path file, String text) throws IOException {
    // Without CREATE, so that a misspelt name fails.
    Files.writeString(
        file, text + "\n", UTF_8, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
  }

  private static PlatterException lacks(String why, String remedy) {
    return PlatterException.hostLacks("punts cannot be counted by the tracepoint: " + why, remedy);
  }

  /**
   * Checks that punts are counted. In a container the kernel knows our threads by other numbers,
   * and would count none.
   */
  private void checkThatItCounts() {
    long before = count();
    try (Ring ring = RingAccess.open(1, EnumSet.noneOf(SetupFlag.class))) {
      ring.submission().next().prepNop().async();
      ring.submission().publish();
      int result = ring.enter(1, 1, Ring.NO_TIMEOUT, false);
      long counted = count() - before;
      if (result != 1 || counted != 1) {
        throw lacks(
            "of one request punted on purpose it counted " + counted,
            "Run it outside of containers: the kernel's trace knows threads by the host's numbers");
      }
    }
  }

  /** How many punts there have been since the begin. */
  long count() {
    long sum = 0;
    try (DirectoryStream<Path> cpus = Files.newDirectoryStream(instance().resolve("per_cpu"))) {
      for (Path cpu : cpus) {
        sum += events(Files.readAllLines(cpu.resolve("stats")));
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot read the trace's counters: " + IoReason.of(e),
          null,
          e);
    }
    return sum;
  }

  private Path instance() {
    if (instance == null) {
      throw new IllegalStateException("closed");
    }
    return instance;
  }

  /**
   * How many events a processor's buffer has had: those in it and those without room.
   *
   * @param stats lines of {@code per_cpu/cpuN/stats}
   */
  static long events(List<String> stats) {
    long sum = 0;
    for (String line : stats) {
      int colon = line.indexOf(':');
      String name = colon < 0 ? "" : line.substring(0, colon);
      sum +=
          switch (name) {
            case "entries", "overrun", "dropped events", "read events" ->
                Long.parseLong(line.substring(colon + 1).strip());
            default -> 0;
          };
    }
    return sum;
  }

  /**
   * Removes instances of processes that are gone. These are recognised by having no threads,
   * because the process of an instance may be invisible in another container.
   */
  private static void removeStale(Path instances) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(instances, PREFIX + "*-*")) {
      for (Path one : all) {
        String name = one.getFileName().toString();
        long pid = pid(name);
        if (pid > 0
            && ProcessHandle.of(pid).isEmpty()
            && Files.readString(one.resolve("set_event_pid")).isBlank()) {
          Files.deleteIfExists(one);
        }
      }
    }
  }

  /** The process that an instance belongs to; 0 if it is no instance of Platter's. */
  static long pid(String instance) {
    Matcher name = NAME.matcher(instance);
    return name.matches() ? Long.parseLong(name.group(1)) : 0;
  }

  private void undo() {
    try {
      if (instance != null) {
        Files.deleteIfExists(instance); // this switches its events off, too
        instance = null;
      }
      if (mounted != null) {
        HostProgram.Outcome outcome = HostProgram.run("umount", mounted.toString());
        if (!outcome.ok()) {
          HostProgram.run("umount", "--lazy", mounted.toString());
        }
        Files.deleteIfExists(mounted);
        mounted = null;
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot remove the tracing instance: " + IoReason.of(e),
          null,
          e);
    }
  }

  /** Stops counting and leaves the host as it was. Idempotent. */
  @Override
  public void close() {
    guard.close();
  }
}
