package dev.platter.emulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;

/**
 * Directories so deep that the kernel takes no path to the last of them: a walk through them fails
 * on its way, for every user.
 */
@NullMarked
public final class DeepTree {
  /** The kernel takes paths of 4,095 bytes: one half can be named, and both together cannot. */
  private static final String HALF = ("d".repeat(250) + "/").repeat(10);

  private static final String LOWER = "lower";

  private DeepTree() {}

  /** Makes them in a directory. Whoever does so calls {@link #part} at the end. */
  public static void make(Path in) throws IOException {
    Files.createDirectories(in.resolve(HALF));
    Files.createDirectories(in.resolve(LOWER).resolve(HALF));
    Files.move(in.resolve(LOWER), in.resolve(HALF).resolve(LOWER));
  }

  /** Takes them apart, so that they can be removed. */
  public static void part(Path in) throws IOException {
    Files.move(in.resolve(HALF).resolve(LOWER), in.resolve(LOWER));
  }
}
