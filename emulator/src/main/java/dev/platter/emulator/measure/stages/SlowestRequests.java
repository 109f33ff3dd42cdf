package dev.platter.emulator.measure.stages;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The slowest requests, with their records. Adding allocates nothing. */
final class SlowestRequests {
  /** How many are kept. */
  static final int CAPACITY = 16;

  private final RequestRecord[] records = new RequestRecord[CAPACITY];
  private int count;
  // Once the store is full: the fastest kept request, which is the next to be dropped.
  private int fastest;

  SlowestRequests() {
    for (int i = 0; i < CAPACITY; i++) {
      records[i] = new RequestRecord();
    }
  }

  void clear() {
    count = 0;
  }

  /**
   * Offers a request.
   *
   * @return the record to use for the next request: another record if this one was kept
   */
  RequestRecord offer(RequestRecord request) {
    if (count < CAPACITY) {
      RequestRecord unused = records[count];
      records[count++] = request;
      findFastest();
      return unused;
    }
    RequestRecord leaving = records[fastest];
    if (request.endToEndNanos() <= leaving.endToEndNanos()) {
      return request;
    }
    records[fastest] = request;
    findFastest();
    return leaving;
  }

  private void findFastest() {
    fastest = 0;
    for (int i = 1; i < count; i++) {
      if (records[i].endToEndNanos() < records[fastest].endToEndNanos()) {
        fastest = i;
      }
    }
  }

  /** The kept requests, slowest first. */
  List<RequestRecord> slowestFirst() {
    List<RequestRecord> list = new ArrayList<>(List.of(records).subList(0, count));
    list.sort(Comparator.comparingLong(RequestRecord::endToEndNanos).reversed());
    return list;
  }
}
