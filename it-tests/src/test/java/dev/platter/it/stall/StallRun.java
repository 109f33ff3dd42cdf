package dev.platter.it.stall;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuFinder;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestBuilder;
import dev.platter.guestimages.GuestImageException;
import dev.platter.guestimages.GuestOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/** Puts guests through stalls, prints a table and writes JSON; it-tests/stall/run says how. */
public final class StallRun {
  /**
   * What to do.
   *
   * @param heldFileSource held-file.c
   * @param directory where images go: a disk, where O_DIRECT works
   * @param qemuRoot where a QEMU is looked for first; null for the usual places
   * @param parallel guests at a time
   */
  record Plan(
      List<DiskServer.Backend> backends,
      List<StalledDisk.Way> ways,
      List<Integer> stalls,
      Path heldFileSource,
      Path directory,
      @Nullable Path qemuRoot,
      int parallel) {}

  private StallRun() {}

  /** See {@code it-tests/stall/run --help}. */
  public static void main(String[] args) {
    int status;
    try {
      Map<String, String> options = options(args);
      Plan plan = plan(options);
      List<StallResult> results = run(plan);
      print(results);
      String json = options.get("json");
      if (json != null) {
        writeJson(Path.of(json), results);
      }
      status =
          results.stream().filter(it -> it.backend().isPlatter()).allMatch(StallResult::good)
              ? 0
              : 1;
    } catch (IllegalArgumentException e) {
      System.err.println("stall/run: " + e.getMessage() + "; see --help");
      status = 2;
    } catch (PlatterException e) {
      System.err.println("stall/run: " + e.getMessage() + remedy(e.remedy()));
      status = e.kind() == PlatterException.Kind.HOST_LACKS ? 3 : 1;
    } catch (GuestImageException e) {
      System.err.println("stall/run: " + e.getMessage() + remedy(e.remedy()));
      status = e.kind() == GuestImageException.Kind.HOST_LACKS ? 3 : 1;
    }
    System.exit(status);
  }

  private static String remedy(@Nullable String remedy) {
    return remedy == null ? "" : "\n  " + remedy;
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!args[i].startsWith("--") || i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value, or is no option");
      }
      options.put(args[i].substring(2), args[i + 1]);
    }
    return options;
  }

  private static Plan plan(Map<String, String> options) {
    List<String> known =
        List.of("backends", "ways", "stalls", "held-file", "dir", "qemu-root", "parallel", "json");
    options.keySet().stream()
        .filter(key -> !known.contains(key))
        .forEach(key -> {
          throw new IllegalArgumentException("unknown option --" + key);
        });
    String root = options.get("qemu-root");
    return new Plan(
        named(DiskServer.Backend.values(), words(options, "backends", "")),
        named(StalledDisk.Way.values(), words(options, "ways", "freeze fuse")),
        words(options, "stalls", "30 60").stream().map(StallRun::number).toList(),
        Path.of(options.getOrDefault("held-file", "stall/held-file.c")),
        Path.of(options.getOrDefault("dir", "/var/tmp")),
        root == null ? null : Path.of(root),
        number(options.getOrDefault("parallel", "2")));
  }

  private static List<String> words(Map<String, String> options, String key, String otherwise) {
    return Arrays.stream(options.getOrDefault(key, otherwise).split("[ ,]+"))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static int number(String text) {
    if (!text.matches("[1-9][0-9]{0,4}")) {
      throw new IllegalArgumentException(text + " is no number from 1");
    }
    return Integer.parseInt(text);
  }

  /** Those with the given names; all if there are none. */
  private static <T> List<T> named(T[] all, List<String> names) {
    List<T> found = new ArrayList<>();
    for (String name : names) {
      found.add(
          Arrays.stream(all)
              .filter(it -> it.toString().equals(name))
              .findFirst()
              .orElseThrow(() ->
                  new IllegalArgumentException(name + " is none of " + Arrays.toString(all))));
    }
    return names.isEmpty() ? List.of(all) : found;
  }

  /** Does all of it; results come in the order of stalls, ways and backends. */
  static List<StallResult> run(Plan plan) {
    Qemu qemu = QemuFinder.onHost(null, plan.qemuRoot()).find(true);
    Guest guest = new GuestBuilder(GuestOptions.defaults()).build();
    Path work = makePrivate(plan.directory(), "platter-stall-");
    try (ExecutorService workers = Executors.newFixedThreadPool(plan.parallel())) {
      Path heldFile = compile(plan.heldFileSource(), work);
      List<Future<StallResult>> futures = new ArrayList<>();
      for (int stall : plan.stalls()) {
        for (StalledDisk.Way way : plan.ways()) {
          for (DiskServer.Backend backend : plan.backends()) {
            StallTrial trial = new StallTrial(qemu, guest, backend, way, stall);
            futures.add(workers.submit(() -> one(trial, work, heldFile)));
          }
        }
      }
      List<StallResult> results = new ArrayList<>();
      for (Future<StallResult> future : futures) {
        results.add(get(future));
      }
      return results;
    } finally {
      remove(work);
    }
  }

  private static StallResult get(Future<StallResult> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      throw HostTool.interrupted();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : HostTool.failed("a trial ended: " + e.getCause(), e);
    }
  }

  private static StallResult one(StallTrial trial, Path work, Path heldFile) {
    System.err.println("stall: " + trial + ": begins");
    Path directory = makePrivate(work, "trial-");
    StallResult result = trial.run(directory, heldFile);
    System.err.println("stall: " + trial + ": " + (result.good() ? "good" : result.faults()));
    remove(directory);
    return result;
  }

  /** Compiles held-file.c. */
  static Path compile(Path source, Path directory) {
    Path program = directory.resolve("held-file");
    HostTool.run("gcc", "-O2", "-Wall", "-o", program.toString(), source.toString());
    return program;
  }

  private static Path makePrivate(Path parent, String prefix) {
    try {
      return Files.createTempDirectory(
          parent,
          prefix,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw HostTool.failed("cannot make a directory in " + parent + ": " + e, e);
    }
  }

  private static void remove(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("stall/run: " + directory + " is not removed: " + e);
    }
  }

  static void print(List<StallResult> results) {
    String format = "%-14s %-10s %5s  %-5s %-4s %7s %6s %6s %-6s %-6s %s%n";
    System.out.printf(
        format, "disk", "stall", "s", "alive", "kept", "back s", "resets", "errors", "stable",
        "memory", "image");
    for (StallResult it : results) {
      Double resume = it.resumeSeconds();
      long foreign = it.image().foreign();
      System.out.printf(
          format,
          it.backend(),
          it.way(),
          it.stallSeconds(),
          yes(it.end() == null),
          yes(it.attached()),
          resume == null ? "-" : "%.1f".formatted(resume),
          it.resets(),
          it.ioErrors() < 0 ? "-" : Long.toString(it.ioErrors()),
          yes(it.stable()),
          yes(it.memoryIntact()),
          foreign == 0 ? "ok" : Long.toString(foreign));
    }
    for (StallResult it : results) {
      for (String fault : it.faults()) {
        System.out.println(
            it.backend()
                + ", "
                + it.way()
                + ", "
                + it.stallSeconds()
                + " s: "
                + fault.lines().findFirst().orElse(""));
      }
    }
  }

  private static String yes(boolean value) {
    return value ? "yes" : "NO";
  }

  private static void writeJson(Path file, List<StallResult> results) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "platter.stall/1");
    document.put("kernel", Objects.toString(System.getProperty("os.version")));
    document.put("rows", results.stream().map(StallResult::toMap).toList());
    try {
      Files.writeString(file, JSON.std.asString(document) + "\n");
    } catch (IOException e) {
      throw HostTool.failed("cannot write " + file + ": " + e, e);
    }
  }
}
