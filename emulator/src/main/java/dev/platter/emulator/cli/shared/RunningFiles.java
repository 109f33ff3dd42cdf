package dev.platter.emulator.cli.shared;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * The files that this process runs from. Whoever builds Platter in the same checkout replaces them
 * while it runs: the libraries by new files, its own jar in place.
 */
public final class RunningFiles {
  private static final String PACKAGE = "dev/platter/";
  private static final String CLASS = ".class";

  private RunningFiles() {}

  /** Opens all of the class path: a file that is open stays what it is when it is removed. */
  public static void hold() {
    try {
      // Looking for what is nowhere, the class loader opens each of them, and keeps it open.
      Enumeration<URL> none = ClassLoader.getSystemResources("dev/platter/nowhere");
      boolean _ = none.hasMoreElements();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Loads all classes of Platter's own jar, which is written over in place. */
  public static void loadOwnClasses() {
    Path own = own();
    if (own == null || !Files.isRegularFile(own)) {
      return; // class directories, as tests have them
    }
    ClassLoader loader = RunningFiles.class.getClassLoader();
    for (String name : classes(own)) {
      try {
        Class<?> _ = Class.forName(name, false, loader);
      } catch (ClassNotFoundException | LinkageError e) {
        throw new IllegalStateException("the jar that Platter runs from is incomplete: " + own, e);
      }
    }
  }

  private static @Nullable Path own() {
    CodeSource source = RunningFiles.class.getProtectionDomain().getCodeSource();
    try {
      return source == null || source.getLocation() == null
          ? null
          : Path.of(source.getLocation().toURI());
    } catch (URISyntaxException | IllegalArgumentException e) {
      return null; // no file
    }
  }

  private static List<String> classes(Path jar) {
    try (JarFile file = new JarFile(jar.toFile())) {
      return Collections.list(file.entries()).stream()
          .map(JarEntry::getName)
          .filter(name -> name.startsWith(PACKAGE) && name.endsWith(CLASS))
          .map(name -> name.substring(0, name.length() - CLASS.length()).replace('/', '.'))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
