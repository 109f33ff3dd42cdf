package dev.platter.emulator.serve.options;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.CacheMode;
import dev.platter.devices.block.ImageOptions;
import dev.platter.devices.block.ImageOptions.Foreign;
import dev.platter.emulator.serve.Endpoint;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.ImageConfig;
import dev.platter.emulator.serve.Mistakes;
import dev.platter.emulator.serve.Names;
import dev.platter.emulator.text.OptionWords;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one {@code --export}. */
public final class ExportParser {
  private static final String OPTION = "--export";
  private static final int MAX_NAME = 40;
  private static final int MAX_SERIAL = ExportConfig.MAX_SERIAL;
  private static final List<String> COMMON =
      List.of(
          "image",
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
  private static final List<String> VIRTIO_BLK = and(COMMON, "queues", "queue-size", "iothread");
  private static final List<String> AHCI = and(COMMON, "model", "firmware");
  private static final Set<String> FLAGS = Set.of("readonly");

  /** The kinds of devices there are. */
  static final List<String> KINDS = List.of("virtio-blk", "ahci");

  private static final List<String> OF_IMAGE =
      List.of("readonly", "serial", "cache", "discard", "logical-block-size", "lock", "format");

  private final OptionWords words;
  private final int index;
  private final Mistakes mistakes;
  private final Set<String> given = new HashSet<>();
  private final List<Disk> disks = new ArrayList<>();
  private final List<String> ioThreads = new ArrayList<>();
  private @Nullable Endpoint endpoint;
  private @Nullable String name;
  private int queues = 1;
  private OptionalLong guestMemoryBytes = OptionalLong.empty();
  private int queueSize = ExportConfig.DEFAULT_QUEUE_SIZE;
  private OptionalLong pollMaxNanos = OptionalLong.empty();

  /** What is said of one image, before defaults. */
  private static final class Disk {
    final Set<String> given = new HashSet<>();
    @Nullable String path;
    boolean readOnly;
    CacheMode cache = CacheMode.NONE;
    boolean discard = true;
    int logicalBlockBytes = ImageOptions.DEFAULT_BLOCK_BYTES;
    boolean lock = true;
    Foreign foreign = Foreign.REFUSE;
    @Nullable String serial;
    String model = ExportConfig.Port.DEFAULT_MODEL;
    String firmware = ExportConfig.Port.DEFAULT_FIRMWARE;

    Disk(@Nullable String path) {
      this.path = path;
    }

    ImageConfig image() {
      if (path == null) {
        throw new IllegalStateException("a disk without an image");
      }
      return new ImageConfig(
          path,
          new ImageOptions(
              readOnly, cache, discard && !readOnly, logicalBlockBytes, lock, foreign));
    }
  }

  private static List<String> and(List<String> keys, String... more) {
    List<String> all = new ArrayList<>(keys);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  private ExportParser(OptionWords words, int index, Mistakes mistakes) {
    this.words = words;
    this.index = index;
    this.mistakes = mistakes;
  }

  /**
   * Reads one.
   *
   * @param index which it is on the command line, from 0; part of the name of one that has no other
   * @throws PlatterException of kind BAD_INPUT that repeats the text and says all that is wrong
   */
  public static ExportConfig parse(String text, int index) {
    Mistakes mistakes = new Mistakes();
    ExportConfig export = parse(OptionWords.parse(OPTION, text), index, mistakes);
    mistakes.refuse();
    if (export == null) {
      throw new IllegalStateException("nothing is wrong with " + text);
    }
    return export;
  }

  /**
   * Reads one as far as it can be read.
   *
   * @param mistakes gets what is wrong
   * @return null if too little of it is right
   */
  public static @Nullable ExportConfig parse(String text, int index, Mistakes mistakes) {
    return parse(OptionWords.parse(OPTION, text), index, mistakes);
  }

  /** All there is to say of an export of {@code kind}. */
  static List<String> keys(String kind) {
    return kind.equals("ahci") ? AHCI : VIRTIO_BLK;
  }

  /** What of that is about an image, apart from its path. */
  static List<String> keysOfImage(String kind) {
    return kind.equals("ahci") ? and(OF_IMAGE, "model", "firmware") : OF_IMAGE;
  }

  /**
   * Reads one as far as it can be read.
   *
   * @param words the kind of device as a flag, then its options
   * @param mistakes what is wrong with it; more is added
   * @return null if too little of it is right
   */
  static @Nullable ExportConfig parse(OptionWords words, int index, Mistakes mistakes) {
    OptionWords.Word kind = words.words().getFirst();
    ExportParser parser = new ExportParser(words, index, mistakes);
    return switch (kind.value() == null ? kind.key() : "") {
      case "virtio-blk" -> parser.virtioBlk();
      case "ahci" -> parser.ahci();
      default -> {
        mistakes.add(
            words.refused(
                "the kind of device comes first",
                "--export virtio-blk,image=disk.img,socket=vda.sock, or --export ahci,..."));
        yield null;
      }
    };
  }

  private List<OptionWords.Word> rest() {
    return words.words().subList(1, words.words().size());
  }

  // ---- virtio-blk ----------------------------------------------------------------------------

  private @Nullable ExportConfig virtioBlk() {
    disks.add(new Disk(null));
    for (OptionWords.Word word : rest()) {
      mistakes.attempt(() -> virtioBlk(word));
    }
    Disk disk = disks.getFirst();
    if (disk.path == null) {
      if (mistakes.isEmpty()) {
        mistakes.add(words.refused("there is no image", "Add " + words.written("image", "PATH")));
      }
      return null;
    }
    String its = name();
    String serial = disk.serial == null ? end(its, MAX_SERIAL) : disk.serial;
    return mistakes.make(() ->
        words.whole(() ->
            new ExportConfig.VirtioBlk(
                its,
                endpoint(),
                disk.image(),
                serial,
                queues,
                queueSize,
                guestMemoryBytes,
                ioThreads,
                pollMaxNanos)));
  }

  private void virtioBlk(OptionWords.Word word) {
    Disk disk = disks.getFirst();
    switch (word.key()) {
      case "image" -> {
        words.once(given, word);
        disk.path = words.value(word);
      }
      case "queues" -> {
        words.once(given, word);
        queues = words.number(word, 1, ExportConfig.MAX_QUEUES);
      }
      case "queue-size" -> {
        words.once(given, word);
        queueSize = words.number(word, 2, ExportConfig.MAX_QUEUE_SIZE);
      }
      case "iothread" -> ioThreads.add(words.value(word));
      default -> {
        if (!common(word) && !ofDisk(disk, word, false)) {
          throw words.unknown(word, VIRTIO_BLK, FLAGS);
        }
      }
    }
  }

  // ---- ahci ----------------------------------------------------------------------------------

  private @Nullable ExportConfig ahci() {
    for (OptionWords.Word word : rest()) {
      mistakes.attempt(() -> ahci(word));
    }
    if (disks.isEmpty()) {
      if (mistakes.isEmpty()) {
        mistakes.add(
            words.refused(
                "there is no image",
                "Add " + words.written("image", "PATH") + ", one for each port"));
      }
      return null;
    }
    String its = name();
    List<ExportConfig.Port> ports = new ArrayList<>();
    for (Disk disk : disks) {
      String serial = disk.serial == null ? portSerial(its, ports.size()) : disk.serial;
      ports.add(new ExportConfig.Port(disk.image(), serial, disk.model, disk.firmware));
    }
    return mistakes.make(() ->
        words.whole(
            () -> new ExportConfig.Ahci(its, endpoint(), ports, guestMemoryBytes, pollMaxNanos)));
  }

  private void ahci(OptionWords.Word word) {
    if (word.key().equals("image")) {
      disks.add(new Disk(words.value(word)));
    } else if (!common(word)) {
      Disk disk = disks.isEmpty() ? new Disk(null) : disks.getLast();
      if (!ofDisk(disk, word, true)) {
        throw words.unknown(word, AHCI, FLAGS);
      }
      if (disks.isEmpty()) {
        throw words.refused(
            word,
            "'" + word.key() + "' stands before the first image=",
            "Put it after the image= that it is about");
      }
    }
  }

  private static String portSerial(String name, int port) {
    return end(name, MAX_SERIAL - 3) + "-" + port;
  }

  // ---- what both have ------------------------------------------------------------------------

  private boolean common(OptionWords.Word word) {
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

  private void listenAt(OptionWords.Word word, Endpoint where) {
    if (endpoint != null) {
      throw words.refused(word, "there are two sockets", "Give one of socket= and fd=, once");
    }
    endpoint = where;
  }

  /** A number is a descriptor, anything else systemd's name for one. */
  private Endpoint descriptor(OptionWords.Word word) {
    String value = words.value(word);
    return Character.isDigit(value.charAt(0))
        ? new Endpoint.Descriptor(words.number(word, 3, Integer.MAX_VALUE))
        : new Endpoint.Activated(value);
  }

  private boolean ofDisk(Disk disk, OptionWords.Word word, boolean ata) {
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
      case "serial" -> disk.serial = text(word, MAX_SERIAL);
      case "model", "firmware" -> {
        if (!ata) {
          return false;
        }
        if (word.key().equals("model")) {
          disk.model = text(word, ExportConfig.Port.MAX_MODEL);
        } else {
          disk.firmware = text(word, ExportConfig.Port.MAX_FIRMWARE);
        }
      }
      default -> {
        return false;
      }
    }
    words.once(disk.given, word);
    boolean last = word.key().equals("readonly") || word.key().equals("discard");
    if (last && disk.readOnly && disk.discard && disk.given.contains("discard")) {
      throw words.refused(
          word, "discard=unmap has no effect on a disk that is readonly", "Leave one of them out");
    }
    return true;
  }

  private String text(OptionWords.Word word, int maxLength) {
    return words.checked(word, value -> ExportConfig.checkText(word.key(), value, maxLength));
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
          case Endpoint.Descriptor _, Endpoint.Activated _ ->
              words.words().getFirst().key() + index;
        };
    String plain =
        source
            .replaceFirst("\\.(sock|socket)$", "")
            .replaceAll("[^A-Za-z0-9._-]", "-")
            .replaceFirst("^[._-]+", "");
    return plain.isEmpty() ? words.words().getFirst().key() + index : end(plain, MAX_NAME);
  }

  /** The end of a name says more than its beginning. */
  private static String end(String text, int length) {
    String tail = text.substring(Math.max(0, text.length() - length));
    return tail.length() < text.length() ? tail.replaceFirst("^[._-]+", "") : tail;
  }
}
