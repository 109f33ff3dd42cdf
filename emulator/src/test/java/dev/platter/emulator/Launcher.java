package dev.platter.emulator;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * The launcher in a directory of its own, with a jar that leads to the classes of this build.
 *
 * @param root the directory
 */
@NullMarked
public record Launcher(Path root) {
  private static final String TARGET = "emulator/target";

  /** The directory that {@code ./platter} is in, above the one that tests run in. */
  public static Path checkout() {
    @Nullable Path directory = Path.of("").toAbsolutePath();
    while (directory != null && !Files.exists(directory.resolve("platter"))) {
      directory = directory.getParent();
    }
    if (directory == null) {
      throw new AssertionError("these tests run below the directory of ./platter");
    }
    return directory;
  }

  /**
   * Copies the classes of this build to one place, as a confined server may read no other.
   *
   * @param libraries an empty directory, which launchers share
   */
  public static void copyClasses(Path libraries) throws IOException, InterruptedException {
    List<String> entries = classPath();
    for (int i = 0; i < entries.size(); i++) {
      List<String> copy =
          List.of("cp", "-r", entries.get(i), libraries.resolve(name(entries, i)).toString());
      ChildProcess.Ended ended = ChildProcess.run(ChildProcess.builder(copy));
      if (ended.exitCode() != 0) {
        throw new IOException(ended.output());
      }
    }
  }

  private static List<String> classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(":", -1))
        .filter(entry -> Files.exists(Path.of(entry)))
        .toList();
  }

  private static String name(List<String> entries, int index) {
    return index + (Files.isDirectory(Path.of(entries.get(index))) ? "" : ".jar");
  }

  /**
   * Puts one into a directory.
   *
   * @param libraries with the classes of this build
   */
  public static Launcher in(Path root, Path libraries) throws IOException {
    Files.createDirectories(root.resolve(TARGET));
    Files.copy(checkout().resolve("platter"), root.resolve("platter"));
    Files.createSymbolicLink(root.resolve(TARGET).resolve("lib"), libraries);
    Launcher launcher = new Launcher(root);
    launcher.writeJar();
    return launcher;
  }

  /** Where the launcher looks for the jar. */
  public Path jar() {
    return root.resolve(TARGET).resolve("platter.jar");
  }

  /** Writes a jar that holds nothing but the way to the classes. */
  private void writeJar() throws IOException {
    List<String> entries = classPath();
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.put(Attributes.Name.MAIN_CLASS, "dev.platter.emulator.cli.Platter");
    main.put(
        Attributes.Name.CLASS_PATH,
        IntStream.range(0, entries.size())
            .mapToObj(i -> "lib/" + name(entries, i))
            .map(name -> name.endsWith(".jar") ? name : name + "/")
            .collect(Collectors.joining(" ")));
    main.putValue("Enable-Native-Access", "ALL-UNNAMED");
    try (OutputStream out = Files.newOutputStream(jar())) {
      new JarOutputStream(out, manifest).close();
    }
  }

  /** Prepares to run it in its directory, with the Java that runs the test. */
  public ProcessBuilder builder(String... words) {
    List<String> command = new ArrayList<>(List.of("./platter"));
    command.addAll(Arrays.asList(words));
    ProcessBuilder builder = ChildProcess.builder(command).directory(root.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().keySet().removeIf(name -> name.equals("LANG") || name.startsWith("LC_"));
    return builder;
  }
}
