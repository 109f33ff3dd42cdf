package dev.platter.emulator.lab.punting;

import java.nio.file.Path;

/**
 * A file system to try writes on.
 *
 * @param name what to call it
 * @param type the file system's usual name, such as {@code xfs}
 * @param directory where files may be made on it, and are removed again
 * @param scratch whether it is the one that the user's scratch directory lies on
 */
record FilesystemUnderTest(String name, String type, Path directory, boolean scratch) {}
