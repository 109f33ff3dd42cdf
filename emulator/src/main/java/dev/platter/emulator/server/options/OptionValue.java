package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import java.util.List;

/**
 * The value of an option, and where it was given.
 *
 * @param place how errors about it begin: an option and its value, or file, line and column
 * @param value the value
 * @param inFile whether the place is in a file
 * @param images the places of its images, if the value is an export of a file
 */
public record OptionValue<T>(String place, T value, boolean inFile, List<String> images) {
  /** Makes the list immutable. */
  public OptionValue {
    images = List.copyOf(images);
  }

  /** A value of the command line. */
  public OptionValue(String place, T value) {
    this(place, value, false, List.of());
  }

  /** An error about the value that another class than its parser has found, with the place. */
  public PlatterException refused(PlatterException why) {
    return inFile ? why.within(place) : why;
  }

  /**
   * An error about one of its images, with the place.
   *
   * @param index the image's, from 0
   */
  public PlatterException refused(int index, PlatterException why) {
    return inFile ? why.within(images.get(index)) : why;
  }
}
