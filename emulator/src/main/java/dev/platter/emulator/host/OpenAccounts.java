package dev.platter.emulator.host;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Open files with the scheduler's accounts of some threads. They are read while requests are in
 * flight, which does not delay the threads, and parsed later. For one thread.
 */
public final class OpenAccounts implements AutoCloseable {
  private static final int BYTES = 128;

  private record Account(String name, RandomAccessFile file) {}

  /**
   * The texts of the accounts at one time, in the order of the threads; empty for an account that
   * could not be read.
   */
  public record Reading(List<byte[]> texts) {}

  private final List<Account> accounts = new ArrayList<>();

  /**
   * Opens the accounts.
   *
   * @param tasks a directory such as {@code /proc/self/task}
   * @param names selects threads by the kernel's names
   */
  public OpenAccounts(File tasks, Predicate<String> names) {
    String[] ids = tasks.list();
    for (String id : ids == null ? new String[0] : ids) {
      String name = ThreadTimes.name(tasks, id);
      if (names.test(name)) {
        try {
          File file = new File(new File(tasks, id), "schedstat");
          accounts.add(new Account(name, new RandomAccessFile(file, "r")));
        } catch (IOException e) {
          // The thread has ended, or the kernel keeps no accounts.
        }
      }
    }
  }

  /** Reads the accounts without parsing them. */
  public Reading read() {
    List<byte[]> texts = new ArrayList<>(accounts.size());
    for (Account account : accounts) {
      byte[] text = new byte[BYTES];
      try {
        account.file().seek(0);
        int length = account.file().read(text);
        texts.add(length < 0 ? new byte[0] : text);
      } catch (IOException e) {
        texts.add(new byte[0]); // its thread has ended
      }
    }
    return new Reading(texts);
  }

  /** The difference between two readings, for the threads that are in both. */
  public List<ThreadTime> between(Reading before, Reading after) {
    List<ThreadTime> times = new ArrayList<>();
    for (int i = 0; i < accounts.size(); i++) {
      ThreadTime first = parse(i, before);
      ThreadTime last = parse(i, after);
      if (first != null && last != null) {
        times.add(last.since(first));
      }
    }
    return times;
  }

  private @Nullable ThreadTime parse(int index, Reading reading) {
    String text = new String(reading.texts().get(index), StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\n');
    return ThreadTime.parse(accounts.get(index).name(), end < 0 ? text : text.substring(0, end));
  }

  @Override
  public void close() {
    for (Account account : accounts) {
      try {
        account.file().close();
      } catch (IOException e) {
        // The file was only read.
      }
    }
  }
}
