package dev.platter.emulator.host;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The io-wq worker threads of this process. The kernel makes them threads of the process, so they
 * stand in its {@code task} directory, and names each after the thread whose requests it works on.
 */
public final class IoWorkerThreads {
  private static final Path TASKS = Path.of("/proc/self/task");
  private static final String PREFIX = "iou-wrk-";

  private IoWorkerThreads() {}

  /**
   * A worker.
   *
   * @param tid its thread id
   * @param owner the thread id of its owner, as the kernel itself counts: in a PID namespace it is
   *     not what the owner's gettid(2) says
   */
  public record Worker(int tid, String owner) {}

  /**
   * The present workers.
   *
   * @throws PlatterException if the threads of this process cannot be read
   */
  public static List<Worker> list() {
    return list(TASKS);
  }

  /**
   * The workers of a process.
   *
   * @param tasks a directory such as {@code /proc/self/task}
   * @throws PlatterException if its threads cannot be read
   */
  public static List<Worker> list(Path tasks) {
    List<Worker> workers = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(tasks)) {
      for (Path entry : entries) {
        Worker worker = worker(entry);
        if (worker != null) {
          workers.add(worker);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw unreadable(tasks, Objects.requireNonNull(e.getCause()));
    } catch (IOException e) {
      throw unreadable(tasks, e);
    }
    return workers;
  }

  private static PlatterException unreadable(Path path, IOException cause) {
    return new PlatterException(
        PlatterException.Kind.FAILED,
        "cannot read " + path + " to count worker threads: " + IoReason.of(cause),
        null,
        cause);
  }

  private static @Nullable Worker worker(Path task) {
    String name = String.valueOf(task.getFileName());
    try {
      String owner = owner(Files.readString(task.resolve("comm"), ISO_8859_1));
      return owner == null || !name.matches("\\d{1,9}")
          ? null
          : new Worker(Integer.parseInt(name), owner);
    } catch (IOException e) {
      if (!(e instanceof NoSuchFileException) && Files.exists(task)) {
        throw unreadable(task, e);
      }
      return null; // the thread has ended meanwhile
    }
  }

  /** The owner in a worker's {@code comm}; null for another thread's. */
  private static @Nullable String owner(String comm) {
    String name = comm.strip();
    if (!name.startsWith(PREFIX)) {
      return null;
    }
    String owner = name.substring(PREFIX.length());
    return owner.matches("\\d{1,9}") ? owner : null;
  }
}
