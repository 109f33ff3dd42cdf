package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import java.util.List;

/**
 * Something that was asked for, and where.
 *
 * @param place how errors about it begin: an option and its value, or file, line and column
 * @param value what was asked for
 * @param inFile whether the place is one in a file
 * @param images the places of its images, if it is an export of a file
 */
public record Placed<T>(String place, T value, boolean inFile, List<String> images) {
  /** Makes the list immutable. */
  public Placed {
    images = List.copyOf(images);
  }

  /** Something of the command line. */
  public Placed(String place, T value) {
    this(place, value, false, List.of());
  }

  /** What is wrong with it, as something else than its reader has found out. */
  public PlatterException refused(PlatterException why) {
    return inFile ? why.within(place) : why;
  }

  /**
   * What is wrong with one of its images.
   *
   * @param index which, from 0
   */
  public PlatterException refused(int index, PlatterException why) {
    return inFile ? why.within(images.get(index)) : why;
  }
}
