package dev.platter.emulator.host;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The rings and kernel threads of io_uring that are left in a process. The kernel threads are
 * threads of the process like any other. Either keeps CRIU from taking a checkpoint.
 *
 * @param rings how many descriptors; negative if that cannot be found out
 * @param workers the names of the kernel threads, such as {@code iou-wrk-4711}
 */
public record RingRemains(int rings, List<String> workers) {
  private static final Path SELF = Path.of("/proc/self");
  private static final String RING = "anon_inode:[io_uring]";
  private static final String WORKER = "iou-wrk-";
  private static final String SQ_POLLER = "iou-sqp-";
  private static final long POLL_MILLIS = 5;

  /** The present remains of this process. */
  private static RingRemains now() {
    return of(SELF);
  }

  /**
   * The present remains of a process.
   *
   * @param process a directory such as {@code /proc/self}
   */
  public static RingRemains of(Path process) {
    try {
      List<String> rings = names(process.resolve("fd"), RingRemains::target, RING::equals);
      List<String> workers =
          threads(process, name -> name.startsWith(WORKER) || name.startsWith(SQ_POLLER));
      return new RingRemains(rings.size(), workers);
    } catch (IOException e) {
      return new RingRemains(-1, List.of("unknown: " + IoReason.of(e)));
    } catch (UncheckedIOException e) {
      return new RingRemains(-1, List.of("unknown: " + IoReason.of(e)));
    }
  }

  private static List<String> threads(Path process, Predicate<String> wanted) throws IOException {
    return names(
        process.resolve("task"),
        task -> Files.readString(task.resolve("comm"), ISO_8859_1).strip(),
        wanted);
  }

  /**
   * How many io-wq worker threads there are now, at work or idle. Any thread.
   *
   * @return negative if that cannot be found out
   */
  public static int workersNow() {
    try {
      return threads(SELF, name -> name.startsWith(WORKER)).size();
    } catch (IOException | UncheckedIOException e) {
      return -1;
    }
  }

  private static String target(Path link) throws IOException {
    return Files.readSymbolicLink(link).toString();
  }

  private interface Naming {
    String name(Path entry) throws IOException;
  }

  private static List<String> names(Path directory, Naming naming, Predicate<String> wanted)
      throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        String name;
        try {
          name = naming.name(entry);
        } catch (IOException e) {
          continue; // gone since it was listed
        }
        if (wanted.test(name)) {
          names.add(name);
        }
      }
    }
    return names;
  }

  /** Whether nothing is left. */
  public boolean isNothing() {
    return rings == 0 && workers.isEmpty();
  }

  /**
   * Waits until nothing is left: a worker ends some time after the thread that it worked for.
   *
   * @param patienceMillis how long at most, in milliseconds
   * @return what there is then
   */
  public static RingRemains awaitNothing(long patienceMillis) {
    long deadline = System.nanoTime() + patienceMillis * 1_000_000;
    RingRemains remains = now();
    while (!remains.isNothing() && System.nanoTime() - deadline < 0) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return remains;
      }
      remains = now();
    }
    return remains;
  }
}
