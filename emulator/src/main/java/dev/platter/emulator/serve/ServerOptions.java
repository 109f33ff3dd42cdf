package dev.platter.emulator.serve;

/**
 * What a server measures of its own requests.
 *
 * @param recordsStages whether the stages of each request's way are recorded, for {@link
 *     Server#takeStages}
 * @param recordsLatencies whether images keep histograms of latencies; counters they keep always
 */
public record ServerOptions(boolean recordsStages, boolean recordsLatencies) {
  /** Nothing that costs anything. */
  public static final ServerOptions DEFAULT = new ServerOptions(false, false);
}
