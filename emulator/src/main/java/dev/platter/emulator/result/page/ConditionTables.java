package dev.platter.emulator.result.page;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a result depends on: parameters, host, image, rings. */
final class ConditionTables {
  private static final int LONG_LIST = 8;

  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("platter_version", "Platter"),
          Map.entry("kernel_release", "kernel"),
          Map.entry("cpu_model", "processor"),
          Map.entry("cpu_count", "processors"),
          Map.entry("cpu_governor", "frequency governor"),
          Map.entry("jvm", "JVM"),
          Map.entry("gc", "collector"),
          Map.entry("o_direct", "O_DIRECT"),
          Map.entry("direct_writes_punted", "direct writes handed to workers:"),
          Map.entry("qemu", "QEMU"),
          Map.entry("qemu_version", "QEMU's version"),
          Map.entry("rw", "pattern"),
          Map.entry("below", "made of"),
          Map.entry("rotational", "turns"),
          Map.entry("iodepth", "requests outstanding"),
          Map.entry("iothreads", "IOThreads"));

  private ConditionTables() {}

  /** The sections on conditions and on how to repeat it. */
  static void draw(Markup out, Fields document) {
    Fields parameters = document.object("parameters");
    if (parameters != null) {
      out.element("h3", "Parameters");
      table(out, "parameters", parameters, true);
    }
    Fields guest = document.object("guest");
    if (guest != null) {
      out.element("h3", "Guest");
      table(out, "guest", guest, true);
    }
    Fields environment = document.object("environment");
    if (environment != null) {
      out.element("h3", "Environment");
      environment(out, environment);
    }
    out.element("h3", "How to repeat it");
    String command = document.text("command");
    if (command == null) {
      out.element("p", "The document does not have its command line: an older Platter wrote it.");
    } else {
      out.open("pre", "tabindex", "0").element("code", command).close();
    }
  }

  private static void environment(Markup out, Fields environment) {
    Map<Object, @Nullable Object> host = new LinkedHashMap<>(environment.map());
    host.remove("mitigations");
    host.remove("loops");
    host.remove("image");
    host.remove("storage");
    table(out, "environment", new Fields(environment.path(), host), true);
    Fields image = environment.object("image");
    if (image != null) {
      out.element("h4", "Image");
      table(out, "image", image, true);
    }
    Fields storage = environment.object("storage");
    if (storage != null) {
      out.element("h4", "Storage");
      table(out, "storage", storage, true);
    }
    List<Fields> loops = environment.objects("loops");
    if (!loops.isEmpty()) {
      out.element("h4", "io_uring set-up flags");
      Tables.begin(out, "ring flags");
      Tables.head(out, List.of("loop", "granted", "refused"), List.of(false, false, false));
      out.open("tbody");
      for (Fields loop : loops) {
        out.open("tr").element("th", loop.textOrEmpty("name"), "scope", "row");
        List<String> granted = loop.texts("ring_flags.granted");
        out.element(
            "td", granted.isEmpty() ? "none" : String.join(", ", granted), "class", "words");
        Fields refused = loop.object("ring_flags.refused");
        out.open("td", "class", "words");
        if (refused == null || refused.keys().isEmpty()) {
          out.text("none");
        } else {
          for (String flag : refused.keys()) {
            out.open("div").element("b", flag).text(": " + refused.textOrEmpty(flag)).close();
          }
        }
        out.close().close();
      }
      out.close();
      Tables.end(out);
    }
    Fields mitigations = environment.object("mitigations");
    if (mitigations != null && !mitigations.keys().isEmpty()) {
      boolean folded = mitigations.keys().size() > LONG_LIST;
      if (folded) {
        out.open("details");
        out.element("summary", "Mitigations of processor vulnerabilities");
      } else {
        out.element("h4", "Mitigations of processor vulnerabilities");
      }
      table(out, "mitigations", mitigations, false);
      if (folded) {
        out.close();
      }
    }
  }

  /**
   * Keys and values, those of inner objects behind the object's name.
   *
   * @param named whether keys are of docs/json.md, or the kernel's own
   */
  private static void table(Markup out, String caption, Fields fields, boolean named) {
    Tables.begin(out, caption);
    out.open("tbody");
    rows(out, fields, "", named);
    out.close();
    Tables.end(out);
  }

  private static void rows(Markup out, Fields fields, String prefix, boolean named) {
    for (Map.Entry<?, ?> entry : fields.map().entrySet()) {
      String key = entry.getKey().toString();
      String name = prefix + (named ? name(key) : key);
      Object value = entry.getValue();
      if (value instanceof Map<?, ?> object) {
        rows(out, new Fields(fields.pathTo(key) + ".", object), name + " ", named);
        continue;
      }
      out.open("tr").element("th", name, "scope", "row").open("td", "class", "words");
      if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
        Tables.figure(
            out, fields.pathTo(key), number.doubleValue(), shown(key, number.doubleValue()), null);
      } else {
        out.text(text(value));
      }
      out.close().close();
    }
  }

  /** A value that is no figure, for people. */
  static String text(@Nullable Object value) {
    if (value == null) {
      return Tables.NONE;
    }
    if (value instanceof List<?> list) {
      return list.isEmpty()
          ? "none"
          : String.join(", ", list.stream().map(String::valueOf).toList());
    }
    return value instanceof Boolean yes ? (yes ? "yes" : "no") : value.toString();
  }

  /** A key for people: its unit is shown with the value. */
  static String name(String key) {
    return NAMES.getOrDefault(key, key.replaceFirst("_(bytes|us|seconds)$", "").replace('_', ' '));
  }

  /** A value with the unit that its key names. */
  static String shown(String key, double value) {
    if (key.endsWith("_bytes")) {
      return Quantity.bytes(value);
    }
    if (key.endsWith("_us")) {
      return Quantity.time(value);
    }
    if (key.endsWith("_seconds")) {
      return Markup.exact(value) + " s";
    }
    return value == Math.rint(value) && Math.abs(value) >= 10_000
        ? Quantity.COUNT.cell(value)
        : Markup.exact(value);
  }
}
