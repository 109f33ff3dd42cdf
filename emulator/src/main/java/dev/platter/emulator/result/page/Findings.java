package dev.platter.emulator.result.page;

import java.util.List;
import java.util.Map;

/** What a result says, for a terminal: the sentences that its page begins with. */
public final class Findings {
  private Findings() {}

  /**
   * What leaving something out does, and why: a sentence for each row with something left out.
   *
   * @param document a result as {@code docs/json.md} describes it
   */
  public static List<String> ofAblations(Map<String, ?> document) {
    Fields fields = Fields.of(1, document);
    List<Row> rows = Row.of(fields.requiredObjects("rows"));
    long ablated = rows.stream().filter(Row::isAblated).count();
    return Headline.of(Schemas.of(fields), rows).found().stream()
        .limit(ablated)
        .map(sentence -> sentence.replace(Quantity.NBSP, ' ').replace("\u00b5s", "us"))
        .toList();
  }
}
