package dev.platter.emulator.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A disk of the host, as sysfs describes it; facts that sysfs lacks are null.
 *
 * @param name the kernel's name, of the whole disk for a partition: {@code sda}
 * @param numbers its major and minor number: {@code 8:0}
 * @param model the maker's name for it
 * @param driver the driver that carries out its requests
 * @param scheduler the I/O scheduler that is in use
 * @param schedulerRequests how many requests its queue holds
 * @param queueDepth how many requests the device itself takes at once
 * @param writeCache {@code write back} or {@code write through}
 * @param rotational whether its surface turns
 * @param below the disks below a RAID or a logical volume
 */
public record BlockDevice(
    String name,
    @Nullable String numbers,
    @Nullable String model,
    @Nullable String driver,
    @Nullable String scheduler,
    @Nullable Long schedulerRequests,
    @Nullable Long queueDepth,
    @Nullable String writeCache,
    @Nullable Boolean rotational,
    List<String> below) {
  private static final Pattern CHOSEN = Pattern.compile("\\[([^\\]]+)\\]");

  /** Copies the list. */
  public BlockDevice {
    below = List.copyOf(below);
  }

  /**
   * The disk with a device number.
   *
   * @param root the host's root directory
   * @return null if the number belongs to no disk but to a network, memory or overlay file system
   */
  static @Nullable BlockDevice of(Path root, int major, int minor) {
    return at(root.resolve("sys/dev/block/" + major + ":" + minor));
  }

  /**
   * The disk that a file system is mounted from.
   *
   * @param source such as {@code /dev/sda1}
   */
  static @Nullable BlockDevice of(Path root, String source) {
    return source.matches("/dev/[^/]+")
        ? at(root.resolve("sys/class/block/" + source.substring("/dev/".length())))
        : null;
  }

  private static @Nullable BlockDevice at(Path link) {
    Path directory;
    try {
      directory = link.toRealPath();
    } catch (IOException e) {
      return null;
    }
    Path parent = directory.getParent();
    if (Files.exists(directory.resolve("partition")) && parent != null) {
      directory = parent;
    }
    Path queue = directory.resolve("queue");
    String rotational = text(queue.resolve("rotational"));
    return new BlockDevice(
        String.valueOf(directory.getFileName()),
        text(directory.resolve("dev")),
        text(directory.resolve("device/model")),
        driver(directory.resolve("device/driver")),
        scheduler(text(queue.resolve("scheduler"))),
        number(queue.resolve("nr_requests")),
        number(directory.resolve("device/queue_depth")),
        text(queue.resolve("write_cache")),
        rotational == null ? null : Boolean.valueOf(rotational.equals("1")),
        names(directory.resolve("slaves")));
  }

  private static @Nullable String text(Path file) {
    try {
      String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
      return text.isEmpty() ? null : text;
    } catch (IOException e) {
      return null; // this kind of disk has no such file
    }
  }

  private static @Nullable Long number(Path file) {
    String text = text(file);
    return text != null && text.matches("\\d{1,18}") ? Long.valueOf(text) : null;
  }

  private static @Nullable String driver(Path link) {
    try {
      return String.valueOf(link.toRealPath().getFileName());
    } catch (IOException e) {
      return null;
    }
  }

  /** The scheduler in brackets: {@code mq-deadline [none]}. */
  private static @Nullable String scheduler(@Nullable String text) {
    Matcher chosen = CHOSEN.matcher(text == null ? "" : text);
    return chosen.find() ? chosen.group(1) : text;
  }

  private static List<String> names(Path directory) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
    } catch (IOException e) {
      names.clear(); // a disk without others below may have no such directory
    }
    Collections.sort(names);
    return names;
  }
}
