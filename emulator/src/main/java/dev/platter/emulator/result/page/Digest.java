package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.MalformedDocument;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The sheet of one result: what was found and why, the figures, the conditions, the command. */
final class Digest {
  private static final String MORE = "see --json or the HTML page";
  private static final int FEW_SENTENCES = 2;
  private static final int FEW_ROWS = 4;

  private record Figure(String heading, String key, Quantity quantity, int dispensable) {}

  private static final List<Figure> FIGURES =
      List.of(
          new Figure("runs", "runs", Quantity.COUNT, 5),
          new Figure("total s", "total_seconds.median", Quantity.SECONDS, 0),
          new Figure("IOPS", "iops.median", Quantity.COUNT, 0),
          new Figure("/raw", "iops_ratio_to_raw", Quantity.DIGITS, 0),
          new Figure("/virtio", "ratio_to_virtio", Quantity.DIGITS, 0),
          new Figure("/qemu", "ratio_to_qemu", Quantity.DIGITS, 0),
          new Figure("p50 us", "latency_us.p50", Quantity.DIGITS, 0),
          new Figure("p99 us", "latency_us.p99", Quantity.DIGITS, 0),
          new Figure("p99.9 us", "latency_us.p99_9", Quantity.DIGITS, 2),
          new Figure("max us", "latency_us.max", Quantity.DIGITS, 3),
          new Figure("MiB/s", "bytes_per_second", Quantity.MEBIBYTES, 4));

  private Digest() {}

  /**
   * The sheet.
   *
   * @throws MalformedDocument if the document is not as its schema says
   */
  static Sheet of(Fields document) {
    String schema = Schemas.of(document);
    Sheet sheet =
        new Sheet(ReportForm.MARKDOWN_SIGNATURE, "Platter report: " + Schemas.title(schema), MORE);
    List<String> warnings = new ArrayList<>();
    String failure = document.text("failure");
    if (failure != null) {
      warnings.add("The run failed: " + failure);
    }
    document.objects("warnings").forEach(warning -> warnings.add(warning.textOrEmpty("text")));
    sheet.sentences("Warnings", warnings, FEW_SENTENCES, 3);
    if (schema.equals(Schemas.LAB)) {
      lab(sheet, LabSection.experiments(document));
    } else {
      List<Row> rows = Row.of(document.requiredObjects("rows"));
      Headline.Sentences headline = Headline.of(schema, rows);
      sheet.sentences("Found", headline.found(), FEW_SENTENCES, 4);
      figures(sheet, rows);
      sheet.sentences("Why", headline.reasons(), FEW_SENTENCES, 5);
    }
    List<String> environment = environment(document);
    sheet.sentences("Environment", environment, environment.size(), 2);
    String command = document.text("command");
    return command == null ? sheet : sheet.command("Command", command);
  }

  private static void lab(Sheet sheet, List<Fields> experiments) {
    List<String> found = new ArrayList<>(List.of(LabSection.headline(experiments)));
    for (Fields experiment : experiments) {
      found.add(
          experiment.required("name")
              + ": "
              + LabSection.verdict(experiment.textOrEmpty("verdict"))
              + ": "
              + experiment.textOrEmpty("reason"));
    }
    sheet.sentences("Found", found, FEW_SENTENCES, 1);
  }

  private static void figures(Sheet sheet, List<Row> rows) {
    List<Sheet.Column> columns = new ArrayList<>(List.of(new Sheet.Column("device", false, 0)));
    List<Figure> figures =
        FIGURES.stream()
            .filter(figure -> rows.stream().anyMatch(row -> row.fields().has(figure.key())))
            .toList();
    figures.forEach(
        figure -> columns.add(new Sheet.Column(figure.heading(), true, figure.dispensable())));
    List<List<String>> lines = new ArrayList<>();
    for (Row row : rows) {
      List<String> cells = new ArrayList<>();
      cells.add(row.name() + (row.partial() ? " (partial)" : ""));
      for (Figure figure : figures) {
        Double value = row.fields().number(figure.key());
        cells.add(value == null ? "-" : figure.quantity().cell(value));
      }
      lines.add(cells);
    }
    sheet.table("Figures", columns, lines, FEW_ROWS, 1);
  }

  // ---- conditions ------------------------------------------------------------------------------

  private static List<String> environment(Fields document) {
    List<String> lines = new ArrayList<>();
    List<String> host = new ArrayList<>();
    add(host, document.text("environment.cpu_model"), "");
    Double processors = document.number("environment.cpu_count");
    add(host, processors == null ? null : Quantity.count(processors, "processor"), "");
    add(host, document.text("environment.cpu_governor"), "governor ");
    Double memory = document.number("environment.memory_bytes");
    add(host, memory == null ? null : Quantity.bytes(memory), "");
    add(host, document.text("environment.kernel_release"), "Linux ");
    add(lines, host, "host: ");
    List<String> guest = new ArrayList<>();
    add(guest, document.text("guest.kernel_release"), "Linux ");
    add(guest, document.text("guest.qemu_version"), "QEMU ");
    add(guest, document.text("guest.accelerator"), "");
    Double vcpus = document.number("guest.cpu_count");
    add(guest, vcpus == null ? null : Quantity.count(vcpus, "vCPU"), "");
    add(lines, guest, "guest: ");
    List<String> image = new ArrayList<>();
    add(image, document.text("environment.image.path"), "");
    Double size = document.number("environment.image.size_bytes");
    add(image, size == null ? null : Quantity.bytes(size), "");
    add(image, document.text("environment.image.filesystem"), "");
    String allocation = document.text("environment.image.allocation");
    add(image, allocation == null ? null : allocation.replace('_', ' '), "");
    add(image, document.text("parameters.cache"), "cache ");
    add(lines, image, "image: ");
    List<String> disk = new ArrayList<>();
    add(disk, document.text("environment.storage.device.name"), "");
    add(disk, document.text("environment.storage.device.model"), "");
    add(disk, document.text("environment.storage.device.scheduler"), "scheduler ");
    Double depth = document.number("environment.storage.device.queue_depth");
    add(disk, depth == null ? null : Quantity.COUNT.cell(depth), "queue depth ");
    add(disk, document.text("environment.storage.device.write_cache"), "write cache: ");
    add(disk, document.text("environment.storage.mount_options"), "mounted ");
    add(lines, disk, "disk: ");
    List<String> limits = new ArrayList<>();
    Double cpus = document.number("environment.cgroup.cpus");
    add(limits, cpus == null ? null : Markup.exact(cpus), "CPUs ");
    Double limit = document.number("environment.cgroup.memory_bytes");
    add(limits, limit == null ? null : Quantity.bytes(limit), "memory ");
    for (String what : List.of("read", "write")) {
      String io = "environment.cgroup.io." + what;
      Double bytes = document.number(io + "_bytes_per_second");
      add(limits, bytes == null ? null : Quantity.bytes(bytes) + "/s", what + "s of the disk ");
      Double requests = document.number(io + "s_per_second");
      add(
          limits,
          requests == null ? null : Quantity.COUNT.cell(requests) + " a second",
          what + "s of the disk ");
    }
    add(lines, limits, "cgroup limits: ");
    List<String> java = new ArrayList<>();
    add(java, document.text("environment.jvm.version"), "");
    add(java, document.text("environment.jvm.gc"), "");
    add(java, document.text("parameters.java_options"), "options ");
    add(lines, java, "JVM: ");
    List<String> written = new ArrayList<>();
    add(written, document.text("environment.platter_version"), "");
    add(written, document.text("created"), "");
    add(lines, written, "Platter: ");
    return lines;
  }

  private static void add(List<String> parts, @Nullable String part, String before) {
    if (part != null && !part.isEmpty()) {
      parts.add(before + part);
    }
  }

  private static void add(List<String> lines, List<String> parts, String before) {
    if (!parts.isEmpty()) {
      lines.add(before + String.join(", ", parts));
    }
  }
}
