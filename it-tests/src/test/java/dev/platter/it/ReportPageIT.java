package dev.platter.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.emulator.result.page.Document;
import dev.platter.emulator.result.page.ReportFiles;
import dev.platter.emulator.result.page.ReportForm;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reports in a real browser: at two widths, in both themes, and on paper. */
@Timeout(300)
class ReportPageIT {
  private static final Path SAVED =
      Path.of("..", "emulator", "src", "test", "resources")
          .resolve("dev/platter/emulator/result/page");
  static final List<String> NAMES =
      List.of("iotest", "iotest-deaf", "iotest-old", "bench", "guest", "lab");

  /** Marks of each kind of chart, which the fixtures' figures are. */
  private static final Map<String, Map<String, Integer>> MARKS =
      Map.of(
          "iotest",
          Map.of("percentiles", 1, "stages", 4, "timeline", 6, "lanes", 6),
          "iotest-deaf",
          Map.of("percentiles", 1, "stages", 4, "timeline", 7, "lanes", 14),
          "lab",
          Map.of(
              "percentiles",
              1,
              "stages",
              4,
              "timeline",
              3,
              "lanes",
              5,
              "dots",
              1,
              "bars",
              1,
              "lines",
              2));

  /** What does not fit the box it is in, and so has to be scrolled to or is not seen at all. */
  private static final String CUT_OFF =
      """
      [...document.querySelectorAll('.scroll, pre, td, th, dd, dt, p, li, figcaption, summary')]
        .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1
            && getComputedStyle(e).display !== 'inline')
        .map(e => e.tagName + ' ' + e.className + ': ' + e.scrollWidth + ' in ' + e.clientWidth
            + ': ' + e.textContent.trim().slice(0, 60))
      """;

  @TempDir private static Path directory;

  private static @Nullable Browser browser;

  private static Browser browser() {
    return Objects.requireNonNull(browser);
  }

  @BeforeAll
  static void start() throws Exception {
    Path program = Browser.find();
    assumeTrue(program != null, "there is no chromium or google-chrome; apt install chromium");
    browser = Browser.start(program, Files.createDirectory(directory.resolve("profile")));
  }

  @AfterAll
  static void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  record View(String name, int width, boolean dark) {}

  static Stream<View> views() {
    return Stream.concat(NAMES.stream(), Stream.of("comparison"))
        .flatMap(name ->
            Stream.of(1280, 390)
                .flatMap(width -> Stream.of(false, true).map(dark -> new View(name, width, dark))));
  }

  private static Path page(String name) {
    List<String> names = name.equals("comparison") ? NAMES : List.of(name);
    List<Document> documents =
        names.stream().map(n -> ReportFiles.read(SAVED.resolve(n + ".json").toString())).toList();
    Path page = directory.resolve(name + ".html");
    ReportForm.HTML.write(page.toString(), documents, List.of());
    return page;
  }

  private static int count(String selector) throws InterruptedException {
    Object count = browser().evaluate("document.querySelectorAll(" + quoted(selector) + ").length");
    return ((Number) count).intValue();
  }

  private static String quoted(String text) {
    return "'" + text + "'";
  }

  @ParameterizedTest
  @MethodSource("views")
  void isDrawnWithoutErrorsAndFitsItsScreen(View view) throws Exception {
    browser().open(page(view.name()), view.width(), view.dark());
    assertThat(browser().complaints()).isEmpty();
    assertThat(browser().evaluate("document.documentElement.scrollWidth")).isEqualTo(view.width());
    // What is hidden must fit, too.
    openDetails();
    assertThat(browser().evaluate("document.documentElement.scrollWidth")).isEqualTo(view.width());
    assertThat((List<?>) browser().evaluate(CUT_OFF)).isEmpty();
    assertThat(browser().evaluate("getComputedStyle(document.body).backgroundColor"))
        .isEqualTo(view.dark() ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)");
    assertThat(count("svg[role=img]")).isPositive();
    // Every chart has a size, and its text one that can be read.
    assertThat(
            browser()
                .evaluate(
                    "Math.min(...[...document.querySelectorAll('svg[role=img]')].filter(s =>"
                        + " s.checkVisibility()).map(s => s.getBoundingClientRect().height))"))
        .asInstanceOf(InstanceOfAssertFactories.type(Number.class))
        .satisfies(height -> assertThat(height.doubleValue()).isGreaterThan(40));
    assertThat(
            browser()
                .evaluate(
                    "Math.min(...[...document.querySelectorAll('svg text')].filter(t =>"
                        + " t.checkVisibility()).map(t => t.getBoundingClientRect().height))"))
        .asInstanceOf(InstanceOfAssertFactories.type(Number.class))
        .satisfies(height -> assertThat(height.doubleValue()).isGreaterThan(9));
    assertPictured(view);
  }

  private static void openDetails() throws InterruptedException {
    String open = "document.querySelectorAll('details').forEach(d => { d.open = true; }) || 1";
    assertThat(browser().evaluate(open)).isEqualTo(1);
  }

  private static void assertPictured(View view) throws Exception {
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(browser().screenshot()));
    assertThat(picture.getWidth()).isEqualTo(view.width());
    assertThat(picture.getRGB(2, 2) & 0xffffff).isEqualTo(view.dark() ? 0x14171b : 0xffffff);
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; y < Math.min(picture.getHeight(), 3000); y += 3) {
      for (int x = 0; x < picture.getWidth(); x += 3) {
        colours.add(picture.getRGB(x, y) & 0xffffff);
      }
    }
    // Text, lines of several colours and their soft edges; a blank page has one colour.
    assertThat(colours.size()).isGreaterThan(30);
    if (!view.name().equals("comparison") && !view.name().equals("lab")) {
      // virtio's line.
      assertThat(colours).contains(view.dark() ? 0x6cb4ff : 0x0b63b0);
    }
  }

  static Stream<View> pages() {
    return NAMES.stream()
        .flatMap(name -> Stream.of(1280, 390).map(width -> new View(name, width, false)));
  }

  @ParameterizedTest
  @MethodSource("pages")
  void noLabelLiesOutsideOfItsChartOrOnAnother(View view) throws Exception {
    browser().open(page(view.name()), view.width(), view.dark());
    openDetails();
    String outside =
        """
        [...document.querySelectorAll('svg[role=img]')].filter(svg => svg.checkVisibility())
            .flatMap(svg => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter(t => {
            const r = t.getBoundingClientRect();
            return r.left < box.left - 1 || r.right > box.right + 1
                || r.top < box.top - 1 || r.bottom > box.bottom + 1;
          }).map(t => svg.getAttribute('aria-label') + ': ' + t.textContent);
        })
        """;
    assertThat((List<?>) browser().evaluate(outside)).isEmpty();
    String overlapping =
        """
        [...document.querySelectorAll('svg[role=img]')].filter(svg => svg.checkVisibility())
            .flatMap(svg => {
          const texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
          const found = [];
          texts.forEach(([a, r], i) => texts.slice(i + 1).forEach(([b, q]) => {
            const width = Math.min(r.right, q.right) - Math.max(r.left, q.left);
            const height = Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top);
            if (width > 1 && height > 4) {
              found.push(svg.getAttribute('aria-label') + ': ' + a.textContent + ' / '
                  + b.textContent);
            }
          }));
          return found;
        })
        """;
    assertThat((List<?>) browser().evaluate(overlapping)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("charts")
  void everyChartIsThere(String name) throws Exception {
    browser().open(page(name), 1280, false);
    for (Map.Entry<String, Integer> kind : Objects.requireNonNull(MARKS.get(name)).entrySet()) {
      assertThat(count("figure." + kind.getKey())).as(kind.getKey()).isEqualTo(kind.getValue());
    }
    assertThat(count("table data")).isGreaterThan(60);
  }

  static Stream<String> charts() {
    return MARKS.keySet().stream();
  }

  @Test
  void isPrintedOnPages() throws Exception {
    browser().open(page("iotest"), 1280, true);
    byte[] pdf = browser().pdf();
    assertThat(new String(pdf, 0, 5, US_ASCII)).isEqualTo("%PDF-");
    assertThat(pdf.length).isGreaterThan(50_000);
    // On paper it is light, whatever the screen is.
    assertThat(browser().evaluate("getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(255, 255, 255)");
  }

  @Test
  void theJsonCanBeSaved() throws Exception {
    Path downloads = Files.createDirectory(directory.resolve("downloads"));
    browser().open(page("bench"), 1280, false);
    browser().downloadTo(downloads);
    browser().click("button[data-json]");
    Path saved = downloads.resolve("platter-result-1.json");
    assertThat(browser().downloaded()).isEqualTo("completed");
    assertThat(ReportFiles.read(saved.toString()).json())
        .isEqualTo(ReportFiles.read(SAVED.resolve("bench.json").toString()).json());
    assertThat(browser().complaints()).isEmpty();
  }

  @Test
  void hostileTextDoesNothing() throws IOException, InterruptedException {
    String poison =
        "</script><script>document.title='owned'</script><img src=x onerror=\"document.title="
            + "'owned'\"><svg onload=document.title='owned'>";
    String saved = Files.readString(SAVED.resolve("iotest-deaf.json"));
    String json = saved.replace("disk.img", poison.replace("\"", "\\\""));
    assertThat(json).isNotEqualTo(saved);
    Path file = Files.writeString(directory.resolve("hostile.json"), json);
    Path page = directory.resolve("hostile.html");
    ReportForm.HTML.write(page.toString(), List.of(ReportFiles.read(file.toString())), List.of());
    browser().open(page, 1280, false);
    assertThat(browser().complaints()).isEmpty();
    assertThat(browser().evaluate("document.title").toString()).startsWith("iotest");
    assertThat(browser().evaluate("document.body.innerText").toString()).contains(poison);
    assertThat(count("img")).isZero();
  }
}
