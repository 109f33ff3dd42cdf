package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.IotestRow;
import dev.platter.emulator.result.document.Records;
import java.util.List;

/** What a result says, for a terminal: the sentences that its page begins with. */
public final class Findings {
  private Findings() {}

  /**
   * What leaving something out does, and why: a sentence for each row with something left out.
   *
   * @param measured all rows of a result
   */
  public static List<String> ofAblations(List<IotestRow> measured) {
    List<Row> rows =
        Row.of(measured.stream().map(row -> new Fields("", Records.toMap(row))).toList());
    long ablated = rows.stream().filter(Row::isAblated).count();
    return Headline.of(Schemas.IOTEST, rows).found().stream()
        .limit(ablated)
        .map(sentence -> sentence.replace(Quantity.NBSP, ' ').replace("\u00b5s", "us"))
        .toList();
  }
}
