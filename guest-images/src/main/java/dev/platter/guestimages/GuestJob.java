package dev.platter.guestimages;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/**
 * One job of the test guest, as a word of its kernel command line: {@code
 * platter.job=NAME,key=value,...}. The guest does its jobs in the order of the words, prints the
 * results on its console, where {@link GuestConsole} reads them, and turns itself off.
 *
 * <p>A disk is named by its kernel name ({@code vda}), by its kind ({@code virtio} or {@code sata}:
 * the first of them), or by its serial number ({@code serial:NAME}). A job waits up to 30 s for its
 * disk to appear.
 *
 * <table>
 * <caption>Jobs and the JSON lines that they print</caption>
 * <tr><td>{@code iotest}<td>{@link Iotest}; a {@code platter.iotest/1} document with one row
 * <tr><td>{@code bench}<td>{@link Bench}; a {@code platter.bench/1} document with one row
 * <tr><td>{@code write-pattern}<td>{@code seed}: fills the disk with {@link KnownPattern}; {@code
 *     {"written_bytes":N,"seed":N}}
 * <tr><td>{@code hash}<td>{@code {"mib":I,"sha256":"..."}} for each MiB, then {@code
 *     {"hashed_bytes":N}}
 * <tr><td>{@code verify-writes}<td>{@link VerifyWrites}; {@code {"flushed":N}} a few times a second
 *     while it writes (N: writes that a completed flush covers), then {@code
 *     {"verified":true,"writes":N,"flushes":N,"reads":N,"blocks":N,"io_errors":0,"lost":0,
 *     "torn":0,"older_than_flush":0,"misplaced":0,"stale":0}} (stale: of another run); before that,
 *     for the first bad blocks, {@code {"bad_block_bytes":OFFSET,"kind":"torn","found":N,
 *     "acknowledged":N,"flushed":N}} with numbers of writes
 * <tr><td>{@code endure}<td>{@link Endure}; the lines of {@code verify-writes}, and {@code
 *     {"guarded":true,"reads":N,"io_errors":0,"wrong_reads":0,"checked_pages":N,
 *     "damaged_pages":0}}; before that, for the first that are wrong, {@code
 *     {"damaged_page":OFFSET,"word":I,"holds":"...","wanted":"..."}} or the same of a {@code
 *     wrong_read}
 * <tr><td>{@code fs}<td>{@code files}, {@code mib} (of each), {@code seed}: makes an ext4 on the
 *     disk, writes files, fsyncs, unmounts, checks, mounts again and compares; {@code
 *     {"file":"f0","bytes":N,"sha256":"..."}} for each, then {@code
 *     {"fs":"ext4","fsck_status":0,"files":N}}
 * <tr><td>{@code disks}<td>{@code {"disk":"sda","kind":"sata","size_bytes":N,"serial":"...",
 *     "model":"...","queue_depth":32,"nr_hw_queues":N,"logical_block_bytes":512,
 *     "physical_block_bytes":N,"optimal_io_bytes":N,"write_cache":"write back","read_only":false,
 *     "discard_max_bytes":N,"write_zeroes_max_bytes":N}} for each disk
 * <tr><td>{@code wait-size}<td>{@code bytes}, {@code timeout_s}: waits until the disk has that size;
 *     {@code {"size_bytes":N,"waited_ms":N}}
 * <tr><td>{@code dmesg}<td>the kernel's log, as plain lines
 * <tr><td>{@code shell}<td>a console until its user leaves
 * </table>
 *
 * @param name which job
 * @param parameters its parameters, in order
 */
public record GuestJob(String name, Map<String, String> parameters) {
  private static final Pattern NAME = Pattern.compile("[a-z-]+");
  private static final Pattern KEY = Pattern.compile("[a-z_]+");
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9_.:/@+-]+");

  /**
   * Checks that name and parameters fit into a kernel command line.
   *
   * @throws GuestImageException of kind BAD_INPUT if they do not
   */
  public GuestJob {
    if (!NAME.matcher(name).matches()) {
      throw GuestImageException.badInput("\"" + name + "\" is no name of a guest job", null);
    }
    parameters.forEach((key, value) -> {
      if (!KEY.matcher(key).matches() || !VALUE.matcher(value).matches()) {
        throw GuestImageException.badInput(
            "guest job " + name + " cannot be given " + key + "=" + value,
            "Use letters, digits and _.:/@+- only");
      }
    });
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
  }

  /**
   * The iotest workload, with the parameters of {@code platter iotest}.
   *
   * @param totalBytes how much is read, a multiple of the chunk
   * @param chunkBytes size of one read
   * @param batch reads submitted at a time
   * @param batchDelayMicros pause before each batch
   * @param completionDelayMicros pause after each completion
   * @param runs how many times; the row has their median, minimum and maximum
   */
  public record Iotest(
      long totalBytes,
      int chunkBytes,
      int batch,
      long batchDelayMicros,
      long completionDelayMicros,
      int runs) {
    /** As {@code platter iotest} without options: 128 MiB in 128 KiB reads, batches of 16. */
    public static Iotest defaults() {
      return new Iotest(128L << 20, 128 << 10, 16, 1000, 1000, 1);
    }
  }

  /**
   * A closed loop, with the parameters of {@code platter bench}.
   *
   * @param rw {@code read}, {@code write}, {@code randread} or {@code randwrite}
   * @param blockBytes size of one request
   * @param depth requests outstanding
   * @param warmUpMillis time before measuring begins
   * @param runtimeMillis time measured
   * @param runs how many times
   */
  public record Bench(
      String rw, int blockBytes, int depth, long warmUpMillis, long runtimeMillis, int runs) {
    /** 4 KiB random reads, one at a time. */
    public static Bench defaults() {
      return new Bench("randread", 4096, 1, 500, 3000, 1);
    }
  }

  /**
   * Random 4 KiB writes that describe themselves, flushes among them, and a check of every one.
   *
   * @param regionBytes how much of the disk's start is written to
   * @param depth writes outstanding
   * @param flushEvery a flush after so many writes
   * @param runtimeMillis how long it writes before it reads everything back
   * @param seed of offsets
   */
  public record VerifyWrites(
      long regionBytes, int depth, int flushEvery, long runtimeMillis, long seed) {
    /** 64 MiB, 16 writes outstanding, a flush after 64, for 10 s. */
    public static VerifyWrites defaults() {
      return new VerifyWrites(64L << 20, 16, 64, 10_000, 1);
    }
  }

  /**
   * Checked writes to the start of a disk that go on when requests fail, while the part behind it
   * is read and compared with {@link KnownPattern}, and the memory that was read into, and more
   * beside it, is watched. It ends when a line is typed on the console.
   *
   * @param regionBytes how much of the disk's start is written to; a multiple of 64 KiB
   * @param guardBytes how much behind it is read; a multiple of 64 KiB
   * @param seed of the disk's contents, and of the places that are written to
   * @param giveUpSeconds how long the job goes on without any success
   */
  public record Endure(long regionBytes, long guardBytes, long seed, int giveUpSeconds) {}

  /** A job with parameters given as alternating keys and values. */
  public static GuestJob of(String name, Object... keysAndValues) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
      parameters.put(keysAndValues[i].toString(), keysAndValues[i + 1].toString());
    }
    return new GuestJob(name, parameters);
  }

  /**
   * The iotest workload on a disk.
   *
   * @param device what the row calls it, as {@code virtio}
   */
  public static GuestJob iotest(String disk, String device, Iotest options) {
    return of(
        "iotest",
        "disk",
        disk,
        "device",
        device,
        "total",
        options.totalBytes(),
        "chunk",
        options.chunkBytes(),
        "batch",
        options.batch(),
        "batch_delay_us",
        options.batchDelayMicros(),
        "completion_delay_us",
        options.completionDelayMicros(),
        "runs",
        options.runs());
  }

  /**
   * The closed loop on a disk. Patterns that write destroy its contents.
   *
   * @param device what the row calls it, as {@code virtio}
   */
  public static GuestJob bench(String disk, String device, Bench options) {
    return of(
        "bench",
        "disk",
        disk,
        "device",
        device,
        "rw",
        options.rw(),
        "bs",
        options.blockBytes(),
        "iodepth",
        options.depth(),
        "warmup_ms",
        options.warmUpMillis(),
        "runtime_ms",
        options.runtimeMillis(),
        "runs",
        options.runs());
  }

  /** Writes that are checked. Destroys the disk's contents. */
  public static GuestJob verifyWrites(String disk, VerifyWrites options) {
    return of(
        "verify-writes",
        "disk",
        disk,
        "region",
        options.regionBytes(),
        "iodepth",
        options.depth(),
        "flush_every",
        options.flushEvery(),
        "runtime_ms",
        options.runtimeMillis(),
        "seed",
        options.seed());
  }

  /** Writes, reads and memory that are checked while the disk may stall. */
  public static GuestJob endure(String disk, Endure options) {
    return of(
        "endure",
        "disk",
        disk,
        "region",
        options.regionBytes(),
        "guard",
        options.guardBytes(),
        "seed",
        options.seed(),
        "give_up_s",
        options.giveUpSeconds());
  }

  /** Fills a disk with {@link KnownPattern}. */
  public static GuestJob writePattern(String disk, long seed) {
    return of("write-pattern", "disk", disk, "seed", seed);
  }

  /** Hashes each MiB of a disk. */
  public static GuestJob hash(String disk) {
    return of("hash", "disk", disk);
  }

  /**
   * Makes, fills and checks an ext4 on a disk. Destroys the disk's contents.
   *
   * @param files how many files
   * @param mib size of each in MiB; file {@code i} holds the {@link KnownPattern} of {@code seed +
   *     i}, so its hash should be {@link KnownPattern#sha256(long, long)}
   */
  public static GuestJob fileSystem(String disk, int files, int mib, long seed) {
    return of("fs", "disk", disk, "files", files, "mib", mib, "seed", seed);
  }

  /** Describes all disks. */
  public static GuestJob disks() {
    return of("disks");
  }

  /** Waits until a disk has grown or shrunk to a size. */
  public static GuestJob waitSize(String disk, long bytes, int timeoutSeconds) {
    return of("wait-size", "disk", disk, "bytes", bytes, "timeout_s", timeoutSeconds);
  }

  /** Prints the kernel's log. */
  public static GuestJob dmesg() {
    return of("dmesg");
  }

  /** An interactive console. */
  public static GuestJob shell() {
    return of("shell");
  }

  /** The word of the command line. */
  public String commandLineWord() {
    StringJoiner word = new StringJoiner(",", "platter.job=", "").add(name);
    parameters.forEach((key, value) -> word.add(key + "=" + value));
    return word.toString();
  }

  /** x86 Linux cuts longer command lines off (COMMAND_LINE_SIZE, with its final zero). */
  private static final int MAX_COMMAND_LINE = 2047;

  /**
   * The guest's kernel command line: a serial console, no waiting on a panic, and these jobs.
   *
   * @throws GuestImageException of kind BAD_INPUT if they do not fit
   */
  public static String commandLine(List<GuestJob> jobs) {
    List<String> words = new ArrayList<>(List.of("console=ttyS0", "panic=-1"));
    jobs.forEach(job -> words.add(job.commandLineWord()));
    String line = String.join(" ", words);
    if (line.length() > MAX_COMMAND_LINE) {
      throw GuestImageException.badInput(
          jobs.size()
              + " guest jobs make a kernel command line of "
              + line.length()
              + " characters, the kernel takes "
              + MAX_COMMAND_LINE,
          "Boot the guest more than once, with fewer jobs each time");
    }
    return line;
  }
}
