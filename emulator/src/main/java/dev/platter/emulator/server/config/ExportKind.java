package dev.platter.emulator.server.config;

import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.text.OptionWords;
import java.util.List;
import java.util.Set;

/**
 * A kind of device that can be served: the part that is the same for all its exports. There is one
 * object for each kind, without state; {@link ExportConfig} configures one export.
 *
 * <p>A server, its reports, metrics and control socket know kinds by this interface only. {@link
 * ExportKinds#ALL} lists the kinds that the command line offers.
 */
public interface ExportKind {
  /** The name in {@code --export}, log and metrics. */
  String name();

  /**
   * The name of the device in rows of documents; kinds of the same device in other places share it.
   */
  String device();

  /** The name of its I/O loop in rows of documents. */
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

  /**
   * The most images that an export has; with several images, an image's options follow its path.
   */
  default int maxImages() {
    return 1;
  }

  /** Whether a guest sees a new size of its disk only after the next power-on of the disk. */
  default boolean seesSizeAtPowerOn() {
    return false;
  }

  /**
   * Checks the value of one of {@link #keys} or {@link #imageKeys}.
   *
   * @param words makes errors with the place
   * @throws dev.platter.aio.PlatterException of kind BAD_INPUT
   */
  default void check(OptionWords words, OptionWords.Word word) {
    words.value(word);
  }

  /**
   * Makes an export from its options.
   *
   * @param options their values have passed {@link #check}
   * @throws dev.platter.aio.PlatterException of kind BAD_INPUT if they do not fit together
   */
  ExportConfig make(ExportOptions options);
}
