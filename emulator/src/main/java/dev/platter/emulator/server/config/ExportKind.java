package dev.platter.emulator.server.config;

import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.text.OptionWords;
import java.util.List;
import java.util.Set;

/**
 * A kind of device that can be served: what is the same for all its exports. There is one object
 * for each, without state; {@link ExportConfig} is what one export is told.
 *
 * <p>A server, its reports, metrics and control socket know kinds by this interface only. {@link
 * ExportKinds#ALL} lists those that the command line offers.
 */
public interface ExportKind {
  /** As {@code --export}, the log and metrics name it. */
  String name();

  /** As rows of documents name it: kinds of the same device in other places share it. */
  String device();

  /** Which loop does its I/O, as rows of documents name it. */
  String loop();

  /** The words of its requests' stages, from the first station that a server sees. */
  TracedDevice stages();

  /** The options of an export that only this kind has. */
  default List<String> keys() {
    return List.of();
  }

  /** Those of {@link #keys} that may be given several times. */
  default Set<String> lists() {
    return Set.of();
  }

  /** The options of an image that only this kind has. */
  default List<String> imageKeys() {
    return List.of();
  }

  /** The most images that an export has; with several, options of an image stand behind it. */
  default int maxImages() {
    return 1;
  }

  /** Whether a guest sees a new size of its disk only when that is switched on the next time. */
  default boolean seesSizeAtPowerOn() {
    return false;
  }

  /**
   * Checks the value of one of {@link #keys} or {@link #imageKeys}.
   *
   * @param words tells with its place what is wrong
   * @throws dev.platter.aio.PlatterException of kind BAD_INPUT
   */
  default void check(OptionWords words, OptionWords.Word word) {
    words.value(word);
  }

  /**
   * Makes an export of what it was told.
   *
   * @param options whose values have passed {@link #check}
   * @throws dev.platter.aio.PlatterException of kind BAD_INPUT if they do not fit together
   */
  ExportConfig make(ExportOptions options);
}
