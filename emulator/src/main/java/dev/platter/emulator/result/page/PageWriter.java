package dev.platter.emulator.result.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.emulator.host.Build;
import dev.platter.emulator.result.document.MalformedDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/** The frame of a page: its head, the documents' sections in order, the data behind them. */
final class PageWriter {
  private static final JSON COMPACT =
      JSON.builder().enable(JSON.Feature.WRITE_NULL_PROPERTIES).build();

  private static final String STYLE = resource("report.css");
  private static final String SCRIPT = resource("report.js");

  private final Markup out = new Markup();
  private final List<ComparisonGroup.Side> sides;
  private final List<Document> documents;
  private final List<Gate> gates;

  PageWriter(List<Document> documents, List<Gate> gates) {
    this.documents = documents;
    this.gates = gates;
    sides = ComparedResults.sides(documents);
  }

  /**
   * The page without its first two lines.
   *
   * @throws MalformedDocument if a document is not as its schema says
   */
  String write() {
    boolean one = sides.size() == 1;
    String title =
        one
            ? Schemas.title(Schemas.of(sides.getFirst().fields()))
            : "Comparison of " + sides.size() + " results";
    out.open("html", "lang", "en");
    head(title);
    out.open("body");
    out.open("header").element("p", "Platter report", "class", "brand").element("h1", title);
    if (one) {
      out.element("p", origin(sides.getFirst().fields()), "class", "origin");
    } else {
      contents();
    }
    out.close().open("main");
    if (!one) {
      comparisons();
    }
    for (int i = 0; i < sides.size(); i++) {
      document(i);
    }
    out.close();
    data();
    out.close().close();
    return out.toString() + "\n";
  }

  private void head(String title) {
    out.open("head").leaf("meta", "charset", "utf-8");
    out.leaf(
        "meta",
        "http-equiv",
        "Content-Security-Policy",
        "content",
        "default-src 'none'; style-src '"
            + digest(STYLE)
            + "'; script-src '"
            + digest(SCRIPT)
            + "'; base-uri 'none'; form-action 'none'");
    out.leaf("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    out.leaf("meta", "name", "color-scheme", "content", "light dark");
    out.leaf("meta", "name", "generator", "content", "Platter " + Build.version());
    out.element("title", title + " · Platter");
    out.open("style").verbatim(STYLE).close().close();
  }

  /** Reads what every page holds. */
  static void readResources() {
    if (STYLE.isEmpty() || SCRIPT.isEmpty()) {
      throw new IllegalStateException("a page without style or script");
    }
  }

  private static String resource(String name) {
    try (InputStream in = PageWriter.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("there is no resource " + name);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** When and where a document was made, in a line. */
  private static String origin(Fields document) {
    List<String> parts = new ArrayList<>();
    for (String key : List.of("created", "environment.cpu_model", "environment.kernel_release")) {
      String text = document.text(key);
      if (text != null) {
        parts.add(key.endsWith("release") ? "Linux " + text : text);
      }
    }
    Double processors = document.number("environment.cpu_count");
    if (processors != null) {
      parts.add(Quantity.count(processors, "processor"));
    }
    String filesystem = document.text("environment.image.filesystem");
    if (filesystem != null) {
      parts.add(filesystem);
    }
    Fields guest = document.object("guest");
    if (guest != null) {
      parts.add(guest(guest));
    }
    return String.join(" · ", parts);
  }

  /** What a guest ran in, in a phrase: an emulated CPU is told as such. */
  private static String guest(Fields guest) {
    String accelerator = guest.textOrEmpty("accelerator");
    return "guest: Linux "
        + guest.textOrEmpty("kernel_release")
        + ", "
        + Quantity.count(guest.numberOr0("cpu_count"), "vCPU")
        + ", QEMU "
        + guest.textOrEmpty("qemu_version")
        + ", "
        + (accelerator.equals("tcg")
            ? "TCG (an emulated CPU)"
            : accelerator.toUpperCase(Locale.ROOT));
  }

  private void contents() {
    out.open("nav", "aria-label", "contents").open("ul");
    out.open("li").element("a", "Comparison", "href", "#comparison").close();
    for (int i = 0; i < sides.size(); i++) {
      out.open("li").element("a", sides.get(i).label(), "href", "#document-" + (i + 1)).close();
    }
    out.close().close();
  }

  private void comparisons() {
    ComparedResults results = new ComparedResults(documents, gates);
    out.open("section", "id", "comparison").element("h2", "Comparison");
    results.verdicts().forEach(sentence -> Tables.paragraph(out, "lead", sentence));
    results.warnings().forEach(warning -> Tables.paragraph(out, "warning", warning));
    results.gates().forEach(gate -> Tables.paragraph(out, "reason", "Gate " + gate.sentence()));
    for (ComparisonGroup compared : results.groups()) {
      if (results.groups().size() > 1) {
        out.element("h3", Schemas.title(compared.schema()));
      }
      Comparison.draw(out, compared);
    }
    out.close();
  }

  private void document(int index) {
    ComparisonGroup.Side side = sides.get(index);
    String schema = Schemas.of(side.fields());
    String anchor = "document-" + (index + 1);
    out.open("section", "id", anchor, "class", "document");
    if (sides.size() > 1) {
      out.element("h2", side.label());
      out.element("p", Schemas.title(schema) + " · " + origin(side.fields()), "class", "origin");
    }
    String failure = side.fields().text("failure");
    if (failure != null) {
      Tables.paragraph(out, "warning", "The run failed: " + failure);
    }
    for (Fields warning : side.fields().objects("warnings")) {
      Tables.paragraph(out, "warning", warning.textOrEmpty("text"));
    }
    if (schema.equals(Schemas.LAB)) {
      LabSection.draw(out, side.fields(), anchor + "-");
    } else {
      List<Row> rows = Row.of(side.fields().requiredObjects("rows"));
      Headline.Sentences headline = Headline.of(schema, rows);
      headline.found().forEach(sentence -> Tables.paragraph(out, "lead", sentence));
      headline.reasons().forEach(sentence -> Tables.paragraph(out, "reason", sentence));
      rows(side.fields(), rows);
    }
    ConditionTables.draw(out, side.fields());
    out.close();
  }

  /** All rows, or those of each workload by themselves. */
  private void rows(Fields document, List<Row> rows) {
    Map<String, List<Fields>> workloads = new LinkedHashMap<>();
    for (Fields row : document.requiredObjects("rows")) {
      workloads.computeIfAbsent(row.textOrEmpty("workload"), _ -> new ArrayList<>()).add(row);
    }
    if (workloads.size() <= 1) {
      new RowCharts(out, rows, "h3").draw();
      return;
    }
    workloads.forEach((workload, some) -> {
      out.element("h3", "Workload " + workload);
      new RowCharts(out, Row.of(some), "h4").draw();
    });
  }

  /** The documents themselves; a script, which is not needed for anything else, saves them. */
  private void data() {
    out.open("footer");
    out.open("p").text("Drawn by Platter " + Build.version() + ". All figures are those of the");
    out.text(" JSON that this page carries; docs/json.md of Platter describes it.").close();
    for (int i = 0; i < documents.size(); i++) {
      String id = "json-" + (i + 1);
      out.open("p");
      out.element(
          "button",
          documents.size() == 1 ? "Save the JSON" : "Save the JSON of " + sides.get(i).label(),
          "type",
          "button",
          "hidden",
          "hidden",
          "data-json",
          id,
          "data-name",
          "platter-result-" + (i + 1) + ".json");
      out.close();
      out.open("script", "type", "application/json", "id", id);
      out.verbatim(embedded(documents.get(i).json())).close();
    }
    out.close();
    out.open("script").verbatim(SCRIPT).close();
  }

  /** JSON that can end neither the element it stands in nor XML text. */
  static String embedded(Map<String, ?> json) {
    StringBuilder text = new StringBuilder();
    COMPACT
        .asString(json)
        .chars()
        .forEach(c -> {
          boolean markup = c == '<' || c == '>' || c == '&';
          boolean control = (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
          boolean noXml = (c >= 0xd800 && c < 0xe000) || c >= 0xfffe;
          if (markup || control || noXml) {
            text.append(String.format(Locale.ROOT, "\\u%04x", c));
          } else {
            text.append((char) c);
          }
        });
    return text.toString();
  }
}
