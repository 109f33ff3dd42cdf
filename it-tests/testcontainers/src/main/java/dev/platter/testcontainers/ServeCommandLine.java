package dev.platter.testcontainers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** The arguments of {@code platter serve} in the container, and the files that they name. */
final class ServeCommandLine {
  /** Where sockets are in the container. */
  static final String SOCKETS = "/run/platter";

  /** Where images are in the container. */
  static final String IMAGES = "/images";

  /** The control socket's name; no disk can have it. */
  static final String CONTROL = "control";

  /** The kinds of exports. */
  enum Kind {
    VIRTIO("virtio-blk"),
    SATA("ahci");

    private final String option;

    Kind(String option) {
      this.option = option;
    }
  }

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,35}");

  private final Map<String, Kind> kinds = new LinkedHashMap<>();
  private final List<String> exports = new ArrayList<>();
  private final List<String> more = new ArrayList<>();

  /**
   * Adds an export.
   *
   * @param images their names in the container's directory of images
   * @param options as {@code platter serve --export} takes them, e.g. {@code readonly}
   */
  void export(Kind kind, String name, List<String> images, List<String> options) {
    if (!NAME.matcher(name).matches() || name.equals(CONTROL)) {
      throw new IllegalArgumentException(
          "\"" + name + "\" cannot name a disk: up to 36 letters, digits and _.-, not " + CONTROL);
    }
    if (kinds.putIfAbsent(name, kind) != null) {
      throw new IllegalArgumentException("there is a disk named " + name + " already");
    }
    List<String> export = new ArrayList<>();
    export.add(kind.option);
    images.forEach(image -> export.add("image=" + IMAGES + "/" + image));
    export.add("socket=" + SOCKETS + "/" + socket(name));
    export.add("name=" + name);
    options.forEach(option -> export.add(option.replace(",", ",,")));
    exports.add(String.join(",", export));
  }

  /** Adds arguments as they are. */
  void add(List<String> arguments) {
    more.addAll(arguments);
  }

  /** The file name of a socket. */
  static String socket(String name) {
    return name + ".sock";
  }

  /** The socket of an export of that kind, in a directory. */
  Path socket(Kind kind, String name, Path directory) {
    if (kinds.get(name) != kind) {
      throw new IllegalArgumentException("there is no " + kind.option + " disk named " + name);
    }
    return directory.resolve(socket(name));
  }

  /**
   * The arguments.
   *
   * @param metricsPort where metrics are answered, if they are
   * @param onHostNetwork whether the container has the host's network: then only the host itself
   *     shall reach that port
   */
  List<String> arguments(OptionalInt metricsPort, boolean onHostNetwork) {
    if (exports.isEmpty()) {
      throw new IllegalStateException(
          "nothing to serve: call withVirtioDisk, withSataDisks or withScratchDisk");
    }
    List<String> arguments = new ArrayList<>(List.of("serve", "--json-log"));
    exports.forEach(export -> arguments.addAll(List.of("--export", export)));
    metricsPort.ifPresent(port -> {
      arguments.add("--metrics");
      arguments.add((onHostNetwork ? "127.0.0.1:" : "0.0.0.0:") + port);
    });
    arguments.addAll(more);
    return arguments;
  }
}
