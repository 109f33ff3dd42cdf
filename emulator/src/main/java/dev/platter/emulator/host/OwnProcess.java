package dev.platter.emulator.host;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Facts from {@code /proc/self} about this process, read anew each time. Any thread. */
public final class OwnProcess {
  private static final Path SELF = Path.of("/proc/self");

  /** The program that it executes: a link that can be opened. */
  public static final Path EXECUTABLE = SELF.resolve("exe");

  private OwnProcess() {}

  /** Its arguments as they were given, each with a zero behind it. */
  public static byte[] commandLine() throws IOException {
    return Files.readAllBytes(SELF.resolve("cmdline"));
  }

  /** Its variables as they were when it began, each with a zero behind it. */
  public static byte[] environment() throws IOException {
    return Files.readAllBytes(SELF.resolve("environ"));
  }

  /** The user that it runs as. */
  public static int uid() throws IOException {
    return (Integer) Files.getAttribute(SELF, "unix:uid");
  }

  /** The lines of its memory map, one character for each byte. */
  public static List<String> maps() throws IOException {
    return Files.readAllLines(SELF.resolve("maps"), ISO_8859_1);
  }

  /** The directories of its threads, each called by the thread's id. */
  public static List<Path> threads() throws IOException {
    return entries("task");
  }

  /** Its descriptors as links to what they are of, that of this reading included. */
  public static List<Path> descriptors() throws IOException {
    return entries("fd");
  }

  private static List<Path> entries(String directory) throws IOException {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(SELF.resolve(directory))) {
      entries.forEach(all::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return all;
  }
}
