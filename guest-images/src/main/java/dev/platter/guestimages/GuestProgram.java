package dev.platter.guestimages;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The program that does the guest's I/O: C sources in this module's resources, compiled by the
 * host's gcc into one static executable.
 */
final class GuestProgram {
  private static final List<String> SOURCES =
      List.of(
          "main.c",
          "ring.c",
          "iotest.c",
          "bench.c",
          "verify.c",
          "guard.c",
          "contents.c",
          "report.c");
  private static final List<String> HEADERS = List.of("guest.h");

  private static final List<String> FLAGS =
      List.of(
          "-std=gnu11",
          "-O2",
          "-Wall",
          "-Wextra",
          "-Werror",
          "-static",
          "-s",
          // Leaves out the id, which would differ from one build to the next.
          "-Wl,--build-id=none",
          "-frandom-seed=platter");

  private GuestProgram() {}

  /** The inputs of the program, as lines to hash. */
  static List<String> inputs() {
    List<String> lines = new ArrayList<>(FLAGS);
    for (String name : all()) {
      lines.add(name + " " + Hashes.ofBytes(resource(name)));
    }
    return lines;
  }

  private static List<String> all() {
    List<String> all = new ArrayList<>(HEADERS);
    all.addAll(SOURCES);
    return all;
  }

  /** A file of the guest's, from this module's resources. */
  static byte[] resource(String name) {
    try (InputStream in = GuestProgram.class.getResourceAsStream("guest/" + name)) {
      if (in == null) {
        throw new IllegalStateException("resource guest/" + name + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw GuestImageException.io("reading the resource guest/" + name, e);
    }
  }

  /**
   * Compiles it.
   *
   * @param work an empty directory
   * @return the executable
   * @throws GuestImageException of kind HOST_LACKS without gcc or a static C library
   */
  static Path compile(Path work) {
    Path gcc = HostCommand.find("gcc");
    if (gcc == null) {
      throw GuestImageException.hostLacks(
          "gcc is missing: the guest's iotest is compiled here", "apt install gcc libc6-dev");
    }
    Path program = work.resolve("iotest");
    List<String> command = new ArrayList<>(List.of(gcc.toString()));
    command.addAll(FLAGS);
    command.addAll(List.of("-o", program.toString()));
    command.addAll(SOURCES);
    try {
      for (String name : all()) {
        Files.write(work.resolve(name), resource(name));
      }
    } catch (IOException e) {
      throw GuestImageException.io("writing the guest's sources to " + work, e);
    }
    HostCommand.Result result = HostCommand.run(work, command);
    if (result.status() != 0) {
      throw failure(result);
    }
    return program;
  }

  private static GuestImageException failure(HostCommand.Result result) {
    String remedy = "apt install gcc libc6-dev linux-libc-dev";
    if (result.errors().contains("fatal error:")) {
      return GuestImageException.hostLacks(
          "gcc finds no C or kernel headers: " + firstError(result), remedy);
    }
    if (result.errors().contains("cannot find -lc")) {
      return GuestImageException.hostLacks("there is no static C library to link with", remedy);
    }
    return GuestImageException.failed(
        "gcc cannot compile the guest's iotest: " + firstError(result), null);
  }

  private static String firstError(HostCommand.Result result) {
    return result
        .errors()
        .lines()
        .filter(line -> line.contains("error:"))
        .findFirst()
        .orElse(result.complaint());
  }
}
