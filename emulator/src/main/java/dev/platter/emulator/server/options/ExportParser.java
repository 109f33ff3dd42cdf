package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.ImageOptions.Foreign;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.ExportOptions;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.config.Names;
import dev.platter.emulator.text.OptionWords;
import dev.platter.emulator.text.OptionWords.Word;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses an {@code --export}: its kind, the options of all kinds, and those of its kind alone. */
public final class ExportParser {
  private static final String OPTION = "--export";
  private static final String IMAGE = "image";
  private static final int MAX_NAME = 40;
  private static final int MAX_SERIAL = ExportConfig.MAX_SERIAL;
  private static final List<String> COMMON =
      List.of(
          IMAGE,
          "socket",
          "fd",
          "name",
          "poll-max",
          "guest-memory",
          "readonly",
          "serial",
          "cache",
          "discard",
          "logical-block-size",
          "lock",
          "format");
  private static final Set<String> FLAGS = Set.of("readonly");

  private static final List<String> OF_IMAGE =
      List.of("readonly", "serial", "cache", "discard", "logical-block-size", "lock", "format");

  private static final List<String> OF_FILES = List.of("cache", "lock", "format");

  private final ExportKind kind;
  private final OptionWords words;
  private final int index;
  private final Mistakes mistakes;
  private final boolean severalImages;
  private final Set<String> given = new HashSet<>();
  private final List<Disk> disks = new ArrayList<>();
  private final Map<String, List<String>> own = new HashMap<>();
  private @Nullable Endpoint endpoint;
  private @Nullable String name;
  private OptionalLong guestMemoryBytes = OptionalLong.empty();
  private OptionalLong pollMaxNanos = OptionalLong.empty();

  /** The options of an image, without defaults. */
  private static final class Disk {
    final Set<String> given = new HashSet<>();
    final Map<String, String> own = new HashMap<>();
    @Nullable String path;
    boolean readOnly;
    CacheMode cache = CacheMode.NONE;
    boolean discard = true;
    int logicalBlockBytes = ImageOptions.DEFAULT_BLOCK_BYTES;
    boolean lock = true;
    Foreign foreign = Foreign.REFUSE;
    @Nullable String serial;

    ExportOptions.Image image(String defaultSerial) {
      if (path == null) {
        throw new IllegalStateException("a disk without an image");
      }
      ImageOptions options =
          new ImageOptions(readOnly, cache, discard && !readOnly, logicalBlockBytes, lock, foreign);
      return new ExportOptions.Image(
          new ImageConfig(path, options), serial == null ? defaultSerial : serial, own);
    }
  }

  private ExportParser(ExportKind kind, OptionWords words, int index, Mistakes mistakes) {
    this.kind = kind;
    this.words = words;
    this.index = index;
    this.mistakes = mistakes;
    severalImages = kind.maxImages() > 1;
    if (!severalImages) {
      disks.add(new Disk()); // its options may stand before its path
    }
  }

  /**
   * Parses an export of a kind that Platter has.
   *
   * @param index its number on the command line, from 0; part of its name unless it is given one
   * @throws PlatterException of kind BAD_INPUT that repeats the text and lists all errors
   */
  public static ExportConfig parse(String text, int index) {
    return parse(text, index, ExportKinds.ALL);
  }

  /**
   * Parses an export.
   *
   * @param index its number on the command line, from 0; part of its name unless it is given one
   * @param kinds the kinds of devices
   * @throws PlatterException of kind BAD_INPUT that repeats the text and lists all errors
   */
  public static ExportConfig parse(String text, int index, List<ExportKind> kinds) {
    Mistakes mistakes = new Mistakes();
    ExportConfig export = parse(text, index, kinds, mistakes);
    mistakes.refuse();
    if (export == null) {
      throw new IllegalStateException("nothing is wrong with " + text);
    }
    return export;
  }

  /**
   * Parses an export as far as possible.
   *
   * @param kinds the kinds of devices
   * @param mistakes gets errors
   * @return null if too little of it is right
   */
  public static @Nullable ExportConfig parse(
      String text, int index, List<ExportKind> kinds, Mistakes mistakes) {
    return parse(OptionWords.parse(OPTION, text), index, kinds, mistakes);
  }

  /** The keys of an export of {@code kind}. */
  static List<String> keys(ExportKind kind) {
    List<String> all = new ArrayList<>(COMMON);
    all.addAll(kind.keys());
    all.addAll(kind.imageKeys());
    return all;
  }

  /** The keys of its images, without the path. */
  static List<String> keysOfImage(ExportKind kind) {
    List<String> all = new ArrayList<>(OF_IMAGE);
    all.addAll(kind.imageKeys());
    return all;
  }

  /** The kind of that name, or null. */
  static @Nullable ExportKind find(String name, List<ExportKind> kinds) {
    return kinds.stream().filter(kind -> kind.name().equals(name)).findFirst().orElse(null);
  }

  /**
   * Parses an export as far as possible.
   *
   * @param words the kind of device as a flag, then its options
   * @param kinds the kinds of devices
   * @param mistakes gets errors
   * @return null if too little of it is right
   */
  static @Nullable ExportConfig parse(
      OptionWords words, int index, List<ExportKind> kinds, Mistakes mistakes) {
    Word first = words.words().getFirst();
    ExportKind kind = first.value() == null ? find(first.key(), kinds) : null;
    if (kind == null) {
      List<String> others = kinds.stream().skip(1).map(each -> each.name() + ",...").toList();
      mistakes.add(
          words.refused(
              "the kind of device comes first",
              "--export "
                  + kinds.getFirst().name()
                  + ",image=disk.img,socket=vda.sock"
                  + (others.isEmpty() ? "" : ", or --export " + String.join(" or ", others))));
      return null;
    }
    return new ExportParser(kind, words, index, mistakes).parse();
  }

  private @Nullable ExportConfig parse() {
    List<Word> rest = words.words().subList(1, words.words().size());
    rest.forEach(word -> mistakes.attempt(() -> read(word)));
    disks.removeIf(disk -> disk.path == null); // no image was given, or it was refused
    disks.forEach(this::checkEffects);
    if (disks.isEmpty()) {
      if (mistakes.isEmpty()) {
        mistakes.add(
            words.refused(
                "there is no image",
                "Add "
                    + words.written(IMAGE, "PATH")
                    + (severalImages ? ", one for each port" : "")));
      }
      return null;
    }
    String its = name();
    List<ExportOptions.Image> images = new ArrayList<>();
    for (Disk disk : disks) {
      images.add(disk.image(defaultSerial(its, images.size())));
    }
    ExportOptions options =
        new ExportOptions(its, endpoint(), images, guestMemoryBytes, pollMaxNanos, own);
    return mistakes.make(() -> words.whole(() -> kind.make(options)));
  }

  private void read(Word word) {
    if (word.key().equals(IMAGE)) {
      addImage(word);
    } else if (kind.keys().contains(word.key())) {
      if (!kind.lists().contains(word.key())) {
        words.once(given, word);
      }
      kind.check(words, word);
      own.computeIfAbsent(word.key(), _ -> new ArrayList<>()).add(value(word));
    } else if (!common(word)) {
      ofDisk(word);
    }
  }

  private static String value(Word word) {
    return word.value() == null ? "" : word.value();
  }

  private void addImage(Word word) {
    if (severalImages) {
      disks.add(new Disk());
    } else {
      words.once(given, word);
    }
    disks.getLast().path = words.checked(word, Disks::check);
  }

  private String defaultSerial(String name, int disk) {
    return severalImages ? end(name, MAX_SERIAL - 3) + "-" + disk : end(name, MAX_SERIAL);
  }

  // ---- what all kinds have -------------------------------------------------------------------

  private boolean common(Word word) {
    switch (word.key()) {
      case "socket" -> listenAt(word, new Endpoint.SocketPath(words.path(word)));
      case "fd" -> listenAt(word, descriptor(word));
      case "name" -> {
        words.once(given, word);
        name = words.checked(word, value -> Names.check("export name", value));
      }
      case "poll-max" -> {
        words.once(given, word);
        pollMaxNanos = OptionalLong.of(words.duration(word));
      }
      case "guest-memory" -> {
        words.once(given, word);
        guestMemoryBytes = OptionalLong.of(words.size(word));
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private void listenAt(Word word, Endpoint where) {
    if (endpoint != null) {
      throw words.refused(word, "there are two sockets", "Give one of socket= and fd=, once");
    }
    endpoint = where;
  }

  /** A number is a descriptor, anything else systemd's name for one. */
  private Endpoint descriptor(Word word) {
    String value = words.value(word);
    return Character.isDigit(value.charAt(0))
        ? new Endpoint.Descriptor(words.number(word, 3, Integer.MAX_VALUE))
        : new Endpoint.Activated(value);
  }

  private void ofDisk(Word word) {
    Disk disk = disks.isEmpty() ? new Disk() : disks.getLast();
    set(disk, word);
    words.once(disk.given, word);
    boolean last = word.key().equals("readonly") || word.key().equals("discard");
    if (last && disk.readOnly && disk.discard && disk.given.contains("discard")) {
      throw words.refused(
          word, "discard=unmap has no effect on a disk that is readonly", "Leave one of them out");
    }
    if (disks.isEmpty()) {
      throw words.refused(
          word,
          "'" + word.key() + "' stands before the first image=",
          "Put it after the image= that it is about");
    }
  }

  private void set(Disk disk, Word word) {
    switch (word.key()) {
      case "readonly" -> disk.readOnly = words.flag(word);
      case "cache" ->
          disk.cache =
              words.choice(word, List.of("none", "writeback")).equals("none")
                  ? CacheMode.NONE
                  : CacheMode.WRITEBACK;
      case "discard" ->
          disk.discard = words.choice(word, List.of("unmap", "ignore")).equals("unmap");
      case "logical-block-size" ->
          disk.logicalBlockBytes = Integer.parseInt(words.choice(word, List.of("512", "4096")));
      case "lock" -> disk.lock = words.flag(word);
      case "format" -> {
        words.choice(word, List.of("raw"));
        disk.foreign = Foreign.TAKE;
      }
      case "serial" ->
          disk.serial =
              words.checked(word, text -> ExportConfig.checkText("serial", text, MAX_SERIAL));
      default -> {
        if (!kind.imageKeys().contains(word.key())) {
          throw words.unknown(word, keys(kind), FLAGS);
        }
        kind.check(words, word);
        disk.own.put(word.key(), value(word));
      }
    }
  }

  private void checkEffects(Disk disk) {
    for (String key : Disks.isMemory(disk.path) ? OF_FILES : List.<String>of()) {
      if (disk.given.contains(key)) {
        mistakes.add(
            words.refused(
                "'" + key + "' has no effect on " + disk.path + ", which is in memory",
                "Leave it out"));
      }
    }
  }

  private Endpoint endpoint() {
    return endpoint == null ? new Endpoint.Activated("") : endpoint;
  }

  private String name() {
    if (name != null) {
      return name;
    }
    String source =
        switch (endpoint()) {
          case Endpoint.SocketPath(var path) -> String.valueOf(path.getFileName());
          case Endpoint.Activated(var socket) when !socket.isEmpty() -> socket;
          case Endpoint.Descriptor _, Endpoint.Activated _ -> kind.name() + index;
        };
    String plain =
        source
            .replaceFirst("\\.(sock|socket)$", "")
            .replaceAll("[^A-Za-z0-9._-]", "-")
            .replaceFirst("^[._-]+", "");
    return plain.isEmpty() ? kind.name() + index : end(plain, MAX_NAME);
  }

  /** Shortens a name to its end, which differs more than its beginning. */
  private static String end(String text, int length) {
    String tail = text.substring(Math.max(0, text.length() - length));
    return tail.length() < text.length() ? tail.replaceFirst("^[._-]+", "") : tail;
  }
}
