package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarkupTest {
  @Test
  void escapesTextAndAttributes() {
    Markup out = new Markup();
    out.open("a", "title", "<\"'&>", "href", null).text("a < b && \"c\" > 'd'").close();
    assertThat(out)
        .hasToString(
            "<a title=\"&lt;&quot;&#39;&amp;&gt;\">"
                + "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;</a>");
  }

  @Test
  void whatXmlDoesNotHaveIsReplaced() {
    Markup out = new Markup();
    // Controls, lone surrogates, and what turns the direction of the text that follows.
    out.text("a\u0000b\u001bc\ud800d\udc00e\uffff\u202ef\u2066g\u0085h");
    assertThat(out).hasToString("a\ufffdb\ufffdc\ufffdd\ufffde\ufffd\ufffdf\ufffdg\ufffdh");
    assertThat(new Markup().text("tab\tnewline\n\ud83d\ude80"))
        .hasToString("tab\tnewline\n\ud83d\ude80");
  }

  @Test
  void coordinatesHaveNoMoreDigitsThanCanBeSeen() {
    Markup out = new Markup();
    out.leaf("b", "x", 1.0 / 3, "y", 2.0, "z", 1e-9, "w", 1e7);
    assertThat(out).hasToString("<b x=\"0.33\" y=\"2\" z=\"0\" w=\"10000000\"/>");
    assertThat(Markup.exact(499123.40)).isEqualTo("499123.4");
    assertThat(Markup.exact(1e-7)).isEqualTo("0.0000001");
    assertThat(Markup.exact(-0.0)).isEqualTo("0");
  }

  @Test
  void whatIsOpenMustBeClosed() {
    Markup out = new Markup().open("b");
    assertThatThrownBy(out::toString).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void cellsSayTheirColumns() {
    Markup out = new Markup();
    Tables.begin(out, "figures");
    Tables.head(out, List.of("device", "figure", "p50|us"), List.of(false, false, true));
    out.open("tbody");
    out.open("tr").element("th", "raw", "rowspan", 2).element("td", "a").element("td", "1").close();
    out.open("tr").element("td", "b").element("td", "2").close();
    out.open("tr").element("td", "c").element("td", "d").element("td", "3").close();
    out.close();
    Tables.end(out);
    out.open("table").open("tr").element("td", "no heading").close().close();
    assertThat(
            out.toString()
                .lines()
                .filter(line -> line.contains("<td"))
                .map(line -> line.replaceFirst("</tr>.*", ""))
                .toList())
        .containsExactly(
            "<tr><th rowspan=\"2\">raw</th><td data-label=\"figure\">a</td><td data-label=\"p50,"
                + " us\">1</td>",
            "<tr><td data-label=\"figure\">b</td><td data-label=\"p50, us\">2</td>",
            "<tr><td data-label=\"device\">c</td><td data-label=\"figure\">d</td><td"
                + " data-label=\"p50, us\">3</td>",
            "<tr><td>no heading</td>");
  }
}
