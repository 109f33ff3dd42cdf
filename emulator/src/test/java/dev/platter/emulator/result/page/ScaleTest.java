package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ScaleTest {
  private static final Offset<Double> CLOSE = within(1e-6);

  private static List<String> labels(Scale scale) {
    return scale.ticks().stream().map(Scale.Tick::label).filter(label -> !label.isEmpty()).toList();
  }

  @Test
  void aLinearAxisBeginsAtZeroAndEndsRound() {
    Scale scale = Scale.linear(3, 8.7, 100, 200, 5, Markup::exact);
    assertThat(labels(scale)).containsExactly("0", "2", "4", "6", "8", "10");
    assertThat(scale.at(0)).isEqualTo(100, CLOSE);
    assertThat(scale.at(5)).isEqualTo(150, CLOSE);
    assertThat(scale.at(10)).isEqualTo(200, CLOSE);
    // Nothing is drawn outside.
    assertThat(scale.at(11)).isEqualTo(200, CLOSE);
  }

  @Test
  void aLinearAxisReachesBelowZeroWhereValuesDo() {
    Scale scale = Scale.linear(-0.8, 5.7, 0, 80, 6, Markup::exact);
    assertThat(labels(scale)).containsExactly("-2", "0", "2", "4", "6");
    assertThat(scale.at(0)).isEqualTo(20, CLOSE);
  }

  @Test
  void allZeroesAreAnAxisToo() {
    assertThat(labels(Scale.linear(0, 0, 0, 10, 5, Markup::exact))).startsWith("0").contains("1");
    assertThat(Scale.upTo(0, 0, 10, 5, Markup::exact).at(0)).isZero();
    assertThat(Scale.logarithmic(0, 0, 0, 10, Markup::exact).at(0)).isZero();
  }

  @Test
  void anAxisUpToAValueEndsThere() {
    Scale scale = Scale.upTo(499.1, 0, 499.1, 5, Markup::exact);
    assertThat(scale.at(250)).isEqualTo(250, CLOSE);
    assertThat(labels(scale)).containsExactly("0", "100", "200", "300", "400");
  }

  @Test
  void decadesAreEquallyFarApart() {
    Scale scale = Scale.logarithmic(1.2, 480_000, 0, 600, Markup::exact);
    assertThat(labels(scale)).containsExactly("1", "10", "100", "1000", "10000", "100000");
    double decade = scale.at(10) - scale.at(1);
    assertThat(scale.at(100_000) - scale.at(10_000)).isEqualTo(decade, CLOSE);
    assertThat(scale.ticks()).anyMatch(tick -> tick.value() == 500_000 && tick.at() == 600);
  }

  @Test
  void fewDecadesHaveMoreLabelsAndNoEmptyEnd() {
    Scale scale = Scale.logarithmic(41, 180, 0, 300, Markup::exact);
    assertThat(labels(scale)).containsExactly("40", "50", "100", "200");
    assertThat(scale.at(40)).isZero();
    assertThat(scale.at(200)).isEqualTo(300, CLOSE);
  }

  @Test
  void anEndsLabelMakesWayForARoundNumber() {
    assertThat(labels(Scale.logarithmic(410, 690, 100, 0, Markup::exact)))
        .containsExactly("400", "500", "700");
    assertThat(labels(Scale.logarithmic(9.2, 150, 100, 0, Markup::exact)))
        .containsExactly("10", "20", "50", "100", "200");
  }

  @Test
  void ninesAreEquallyFarApartAndTheMaximumIsBehindThem() {
    Scale scale = Scale.nines(99.99, 0, 450);
    assertThat(labels(scale)).containsExactly("min", "50", "90", "99", "99.9", "99.99", "max");
    assertThat(scale.at(0)).isZero();
    assertThat(scale.at(90)).isEqualTo(100, CLOSE);
    assertThat(scale.at(99)).isEqualTo(200, CLOSE);
    assertThat(scale.at(99.9)).isEqualTo(300, CLOSE);
    assertThat(scale.at(99.99)).isEqualTo(400, CLOSE);
    assertThat(scale.at(100)).isEqualTo(450, CLOSE);
  }

  @Test
  void labelsMakeRoomForEachOther() {
    double[] places = Plot.spread(new double[] {50, 51, 52, 200}, 15, 0, 300);
    for (int i = 1; i < places.length; i++) {
      assertThat(places[i] - places[i - 1]).isGreaterThanOrEqualTo(14.9);
    }
    assertThat(places[1]).isEqualTo(51, within(1.0));
    assertThat(places[3]).isEqualTo(200, within(1.0));
    assertThat(Plot.spread(new double[] {299, 300}, 15, 0, 300)[1]).isLessThanOrEqualTo(300);
  }

  @Test
  void quantitiesReadWell() {
    assertThat(Quantity.time(88.13)).isEqualTo("88.1\u00a0µs");
    assertThat(Quantity.time(499_123.4)).isEqualTo("499\u00a0ms");
    assertThat(Quantity.time(31_951_800)).isEqualTo("32.0\u00a0s");
    assertThat(Quantity.time(999.7)).isEqualTo("1.00\u00a0ms");
    assertThat(Quantity.tick(2000)).isEqualTo("2\u00a0ms");
    assertThat(Quantity.DIGITS.cell(499_123.4)).isEqualTo("499,123");
    assertThat(Quantity.MEBIBYTES.cell(104_857_600)).isEqualTo("100");
    assertThat(Quantity.count(1, "request")).isEqualTo("1\u00a0request");
    assertThat(Quantity.count(1024, "request")).isEqualTo("1,024\u00a0requests");
  }

  @Test
  void labelsOfANarrowAxisAreAsFarApartAsTheirTicks() {
    Markup out = new Markup();
    out.open("svg");
    Plot plot = Plot.area(out, Plot.Canvas.NARROW, 20, 120, 0, 50);
    plot.xAxis(Scale.linear(0, 500, 20, 120, 5, value -> Math.round(value) + " ms"), null);
    out.close();
    assertThat(Pages.all(Pages.parsed(out.toString()), "text"))
        .extracting(text -> text.getTextContent())
        .containsExactly("0 ms", "300 ms");
  }
}
