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
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The launcher in a directory of its own, with a jar that leads to the classes of this build. */
@NullMarked
public record Launcher(Path root) {
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

  /** Puts one into a directory. */
  public static Launcher in(Path root) throws IOException {
    Files.createDirectories(root.resolve("emulator/target"));
    Files.copy(checkout().resolve("platter"), root.resolve("platter"));
    Launcher launcher = new Launcher(root);
    launcher.writeJar(launcher.jar());
    return launcher;
  }

  /** Where the launcher looks for the jar. */
  public Path jar() {
    return root.resolve("emulator/target/platter.jar");
  }

  /** Writes a jar that holds nothing but the way to the classes. */
  public void writeJar(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.put(Attributes.Name.MAIN_CLASS, "dev.platter.emulator.cli.Platter");
    main.put(
        Attributes.Name.CLASS_PATH,
        Arrays.stream(System.getProperty("java.class.path").split(":", -1))
            .map(entry -> Path.of(entry).toUri().toString())
            .collect(Collectors.joining(" ")));
    main.putValue("Enable-Native-Access", "ALL-UNNAMED");
    try (OutputStream out = Files.newOutputStream(jar)) {
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
