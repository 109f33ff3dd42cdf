package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.MalformedDocument;
import java.util.List;

/** The documents that can be drawn. */
final class Schemas {
  static final String IOTEST = "platter.iotest/1";
  static final String BENCH = "platter.bench/1";
  static final String GUEST = "platter.guest/1";
  static final String SERVE = "platter.serve/1";
  static final String LAB = "platter.lab/1";

  private static final List<String> ALL = List.of(IOTEST, BENCH, GUEST, SERVE, LAB);

  private Schemas() {}

  /**
   * A document's schema.
   *
   * @throws MalformedDocument if it has none, or one that is not drawn
   */
  static String of(Fields document) {
    String schema = document.required("schema");
    if (!ALL.contains(schema)) {
      throw new MalformedDocument(
          "its schema is '" + schema + "'; a report can be drawn of " + String.join(", ", ALL));
    }
    return schema;
  }

  /** A document's kind in words. */
  static String title(String schema) {
    return switch (schema) {
      case IOTEST -> "iotest: batches of requests on SATA and virtio";
      case BENCH -> "bench: closed-loop I/O on SATA and virtio";
      case GUEST -> "guest run: Linux in a virtual machine";
      case SERVE -> "serve: what the requests of guests waited for";
      default -> "lab: experiments on this host";
    };
  }
}
