package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Verdict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Explains the results of the experiment on punting. */
final class PuntingFinding {
  private static final String KERNEL = System.getProperty("os.version", "");

  private final LabContext context;
  private final int writes;
  private final Finding finding;
  private final List<PuntCase> cases = new ArrayList<>();
  private final List<PuntRemedy.Trial> trials = new ArrayList<>();
  private final List<String> lacking = new ArrayList<>();

  /** The user's image at the start, because it may be gone at the end. Null if there is none. */
  private final @Nullable ImageInfo image;

  private PuntLatencyFinding latency = PuntLatencyFinding.NONE;

  /**
   * Begins, and examines the image.
   *
   * @throws PlatterException if an image was given and cannot be read
   */
  PuntingFinding(LabContext context, int writes) {
    this.context = context;
    this.writes = writes;
    Path path = context.image();
    this.image = path == null ? null : ImageInspector.inspect(path.toString());
    this.finding =
        new Finding(
            "Punted O_DIRECT writes",
            "Which O_DIRECT writes does io_uring hand to a worker thread instead of doing them"
                + " inline, depending on how the file was preallocated, and what does that cost?",
            "Christian Schwarz, a gist on when io_uring punts O_DIRECT writes on ext4, 2025:"
                + " Debian's Linux 6.1 and mainline 6.12.25, counted by the tracepoint"
                + " io_uring:io_uring_queue_async_work");
    finding.expected(
        "On ext4 every write that extends the file or allocates a block is punted: nothing"
            + " preallocated, a sparse image, FALLOC_FL_KEEP_SIZE. After fallocate mode 0 Linux 6.1"
            + " still punts first writes, 6.12 does not. Writes over written blocks are done"
            + " inline. pwritev2(RWF_NOWAIT) answers EAGAIN to the same writes.");
  }

  /** Notes a missing feature of the host; the rest of the experiment goes on. */
  void lacks(PlatterException e) {
    String remedy = e.remedy();
    lacks(e.getMessage() + (remedy == null ? "" : " (" + remedy + ")"));
  }

  /** The same, in words without a final full stop. */
  void lacks(String what) {
    lacking.add(what);
  }

  void cases(List<PuntCase> more) {
    cases.addAll(more);
  }

  void trials(List<PuntRemedy.Trial> more) {
    trials.addAll(more);
  }

  void latency(PuntLatencyFinding measured) {
    latency = measured;
  }

  /** The counts of a case, or null. */
  @Nullable PuntCount count(FilesystemUnderTest filesystem, WriteLayout layout, int pass) {
    return cases.stream()
        .filter(one ->
            one.filesystem().equals(filesystem) && one.layout() == layout && one.pass() == pass)
        .map(PuntCase::count)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** Whether O_DIRECT writes work on a file system at all. */
  boolean canWriteTo(FilesystemUnderTest filesystem) {
    return count(filesystem, WriteLayout.WRITTEN, 1) != null;
  }

  Finding finish(FilesystemUnderTest scratch) {
    finding.add(table());
    if (!trials.isEmpty()) {
      finding.add(remedies());
    }
    latency.tables().forEach(finding::add);
    finding.add(chart());
    latency.charts().forEach(finding::add);
    finding.addRows(latency.rows());
    finding.detail("kernel_release", KERNEL);
    finding.detail("writes", writes);
    finding.detail("write_bytes", DirectWriter.PIECE_BYTES);
    finding.detail("punts", cases.stream().map(PuntingFinding::caseMap).toList());
    finding.detail("remedies", trials.stream().map(PuntingFinding::trialMap).toList());
    finding.detail("lacking", List.copyOf(lacking));
    finding.detail("image", null);
    if (context.interrupted().getAsBoolean()) {
      finding.partial();
    }
    finding.seen(seen());
    if (image != null) {
      new PuntImage(image, scratch, cases, trials).judge(finding);
    } else {
      judge(scratch);
    }
    return finding;
  }

  private FindingTable table() {
    FindingTable table =
        new FindingTable("Punted, of " + writes + " O_DIRECT writes of 8 KiB")
            .words("file system")
            .words("preallocated")
            .figures("pass", "")
            .words("a write meets")
            .figures("tracepoint", "")
            .figures("RWF_NOWAIT", "")
            .words("agree")
            .words("published, Linux 6.1 / 6.12");
    for (PuntCase one : cases) {
      PuntCount count = one.count();
      boolean published = one.pass() == 1 && one.filesystem().type().equals("ext4");
      table.row(
          one.filesystem().name(),
          one.layout().toString(),
          one.pass(),
          one.lacks() == null ? one.layout().meets(one.pass()) : "not tried: " + one.lacks(),
          count == null ? null : count.traced(),
          count == null ? null : count.refused(),
          count == null ? null : count.agreement(),
          published ? one.layout().published() : null);
    }
    table.note(note());
    return table;
  }

  private String note() {
    StringBuilder note =
        new StringBuilder(
            "Pass 2 writes the same blocks again. RWF_NOWAIT counts pwritev2 calls answered with"
                + " EAGAIN, on a second file of the same kind. xfs punts a few writes in any state:"
                + " one in each tick of the kernel's clock ("
                + PuntMeter.TICK_NANOS / 1_000_000
                + " ms here), which has to update the file's time.");
    if (!cases.stream().anyMatch(one -> one.filesystem().type().equals("xfs"))) {
      note.setLength(note.indexOf(" xfs punts"));
    }
    for (String one : lacking) {
      note.append(' ').append(Character.toUpperCase(one.charAt(0))).append(one.substring(1));
      note.append('.');
    }
    return note.toString();
  }

  private FindingTable remedies() {
    FindingTable table =
        new FindingTable("Commands tried on a sparse image that holds some data")
            .words("file system")
            .words("command")
            .figures("before", "")
            .figures("tracepoint", "")
            .figures("RWF_NOWAIT", "")
            .words("helps")
            .note(
                "Punted, of "
                    + writes
                    + " first writes, before and after the command."
                    + (trials.stream().allMatch(trial -> trial.failure() == null)
                        ? " The data was there afterwards."
                        : ""));
    for (PuntRemedy.Trial trial : trials) {
      PuntCount before = count(trial.filesystem(), WriteLayout.SPARSE, 1);
      PuntCount after = trial.after();
      table.row(
          trial.filesystem().name(),
          trial.remedy().command(),
          before == null ? null : before.punts(),
          after == null ? null : after.traced(),
          after == null ? null : after.refused(),
          trial.failure() == null ? (trial.works() ? "yes" : "no") : "failed: " + trial.failure());
    }
    return table;
  }

  private FindingChart chart() {
    FindingChart chart =
        new FindingChart(
                FindingChart.Kind.BARS,
                "First writes punted, by how the file was preallocated",
                "preallocated",
                "punted of " + writes)
            .unit("");
    for (String name : cases.stream().map(one -> one.filesystem().name()).distinct().toList()) {
      FindingChart.Series series = chart.series(name);
      for (PuntCase one : cases) {
        Integer punts = one.count() == null ? null : one.count().punts();
        if (one.filesystem().name().equals(name) && one.pass() == 1 && punts != null) {
          series.bar(one.layout().toString(), punts);
        }
      }
    }
    return chart;
  }

  private static Map<String, @Nullable Object> caseMap(PuntCase one) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("filesystem", one.filesystem().type());
    map.put("on", one.filesystem().name());
    map.put("preallocation", one.layout().key());
    map.put("pass", one.pass());
    map.put("traced", one.count() == null ? null : one.count().traced());
    map.put("refused", one.count() == null ? null : one.count().refused());
    map.put("agree", one.count() == null ? null : one.count().agree());
    map.put("failure", one.lacks());
    return map;
  }

  private static Map<String, @Nullable Object> trialMap(PuntRemedy.Trial trial) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("on", trial.filesystem().name());
    map.put("remedy", trial.remedy().key());
    map.put("traced", trial.after() == null ? null : trial.after().traced());
    map.put("refused", trial.after() == null ? null : trial.after().refused());
    map.put("works", trial.works());
    map.put("failure", trial.failure());
    return map;
  }

  private String seen() {
    List<String> sentences = new ArrayList<>();
    for (FilesystemUnderTest one : cases.stream().map(PuntCase::filesystem).distinct().toList()) {
      List<String> all = layouts(one, count -> count.many());
      List<String> few = layouts(one, count -> count.few());
      sentences.add(
          one.name()
              + ": first writes punted with "
              + (all.isEmpty() ? "no layout" : String.join(", ", all))
              + (few.isEmpty() ? "" : "; a few with " + String.join(", ", few))
              + ".");
    }
    long compared = cases.stream().filter(one -> agree(one) != null).count();
    long agreeing = cases.stream().filter(one -> Boolean.TRUE.equals(agree(one))).count();
    if (compared > 0) {
      sentences.add(
          "Tracepoint and RWF_NOWAIT agree in " + agreeing + " of " + compared + " cases.");
    }
    String cost = latency.sentence();
    if (!cost.isEmpty()) {
      sentences.add(cost);
    }
    return String.join(" ", sentences);
  }

  private static @Nullable Boolean agree(PuntCase one) {
    return one.count() == null ? null : one.count().agree();
  }

  private List<String> layouts(FilesystemUnderTest filesystem, Predicate<PuntCount> how) {
    return cases.stream()
        .filter(one -> one.filesystem().equals(filesystem) && one.pass() == 1)
        .filter(one -> one.count() != null && how.test(one.count()))
        .map(one -> one.layout().toString())
        .toList();
  }

  /**
   * Gives the verdict without an image: for a sparse image, as most tools make them, on the scratch
   * file system.
   */
  private void judge(FilesystemUnderTest scratch) {
    PuntCount sparse = count(scratch, WriteLayout.SPARSE, 1);
    if (sparse == null && context.interrupted().getAsBoolean()) {
      finding.verdict(Verdict.INCONCLUSIVE, "it was interrupted before anything was counted");
      return;
    }
    if (cases.stream().noneMatch(one -> one.layout() == WriteLayout.SPARSE)) {
      finding.verdict(
          Verdict.INCONCLUSIVE,
          "the time was over before a sparse image was tried on " + scratch.type());
      return;
    }
    if (sparse == null || sparse.punts() == null) {
      finding.verdict(
          Verdict.NOT_POSSIBLE,
          "O_DIRECT writes could not be tried or counted on "
              + scratch.type()
              + " at "
              + scratch.directory());
      finding.remedy("Name a directory on a disk with ext4, xfs or btrfs: --dir DIR");
      return;
    }
    if (!sparse.many()) {
      finding.verdict(
          Verdict.NOT_AFFECTED,
          "first writes to a sparse image on " + scratch.type() + " are not punted here");
      return;
    }
    finding.verdict(
        Verdict.AFFECTED,
        sparse.punts()
            + " of "
            + writes
            + " first writes to a sparse image on "
            + scratch.type()
            + " were punted");
    PuntCount made = count(scratch, WriteLayout.FALLOCATED, 1);
    String create = made != null && !made.many() ? "platter image create IMAGE --size 10G" : null;
    List<PuntRemedy.Trial> tried =
        trials.stream().filter(trial -> trial.filesystem().equals(scratch)).toList();
    PuntRemedy.Trial works =
        tried.stream().filter(PuntRemedy.Trial::works).findFirst().orElse(null);
    if (tried.isEmpty() && create == null) {
      return; // interrupted
    }
    String existing =
        tried.isEmpty()
            ? ""
            : works == null
                ? "Of the commands tried none helps an image that is sparse: use another file"
                    + " system."
                : "An image that is sparse already: "
                    + works.remedy().command()
                    + ", which "
                    + works.remedy().what()
                    + ". Tried here.";
    String preallocate = create == null ? "" : "Preallocate new images: " + create + " does. ";
    finding.remedy((preallocate + existing).strip());
  }
}
