package dev.platter.emulator.lab.punting;

import java.nio.file.Path;

/**
 * A file system to try writes on.
 *
 * @param name its name for people
 * @param type the file system's usual name, such as {@code xfs}
 * @param directory a directory on it for files, which are removed again
 * @param scratch whether the user's scratch directory lies on it
 */
record FilesystemUnderTest(String name, String type, Path directory, boolean scratch) {}
