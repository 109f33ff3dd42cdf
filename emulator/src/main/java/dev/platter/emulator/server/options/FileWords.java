package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.text.OptionWords;
import dev.platter.emulator.text.OptionWords.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parts of a configuration file as the words that the options of the same names consist of. */
final class FileWords {
  private static final String DEVICE = "device";
  private static final String IMAGE = "image";
  private static final String PATH = "path";

  private final YamlNode.YamlMapping mapping;
  private final Mistakes mistakes;
  private final List<Word> words = new ArrayList<>();

  private FileWords(YamlNode.YamlMapping mapping, Mistakes mistakes) {
    this.mapping = mapping;
    this.mistakes = mistakes;
  }

  private static List<String> and(String key, List<String> keys) {
    List<String> all = new ArrayList<>(List.of(key));
    all.addAll(keys);
    return all;
  }

  private static YamlNode.YamlMapping mapping(YamlNode node, String what, String example) {
    if (node instanceof YamlNode.YamlMapping mapping) {
      return mapping;
    }
    throw node.refused(what + " consists of keys with values, not " + node.kind(), example);
  }

  /**
   * The words of an {@code --iothread}.
   *
   * @param mistakes gets errors; the words are the rest
   */
  static OptionWords ioThread(YamlNode node, Mistakes mistakes) {
    YamlNode.YamlMapping mapping = mapping(node, "an IOThread", "- id: io0");
    FileWords its = new FileWords(mapping, mistakes);
    mistakes.attempt(() -> mapping.checkKeys(IoThreadParser.KEYS));
    for (YamlNode.Entry entry : mapping.entries()) {
      if (IoThreadParser.KEYS.contains(entry.key().text())) {
        mistakes.attempt(() -> its.add(entry));
      }
    }
    return OptionWords.inFile(mapping.place(), its.words);
  }

  /**
   * The words of an {@code --export}: first the kind of device, and each image before its own.
   *
   * @param kinds the kinds of devices
   * @param mistakes gets errors; the words are the rest
   * @throws PlatterException if the kind is missing or unknown
   */
  static OptionWords export(YamlNode node, List<ExportKind> kinds, Mistakes mistakes) {
    YamlNode.YamlMapping mapping = mapping(node, "an export", "- device: virtio-blk");
    FileWords its = new FileWords(mapping, mistakes);
    ExportKind kind = its.addDevice(kinds);
    List<String> known = and(DEVICE, ExportParser.keys(kind));
    mistakes.attempt(() -> mapping.checkKeys(known));
    List<String> ofImage = ExportParser.keysOfImage(kind);
    boolean oneImage = its.addPlainImage();
    for (YamlNode.Entry entry : mapping.entries()) {
      if (known.contains(entry.key().text())) {
        mistakes.attempt(() -> its.addOption(entry, kind.lists(), oneImage ? List.of() : ofImage));
      }
    }
    if (!oneImage) {
      its.addImages(and(PATH, ofImage));
    }
    return OptionWords.inFile(mapping.place(), its.words);
  }

  /** The places of an export's images, in order, without refused images. */
  static List<String> imagePlaces(OptionWords words) {
    return words.words().stream()
        .filter(word -> word.key().equals(IMAGE))
        .filter(word -> new Mistakes().make(() -> words.checked(word, Disks::check)) != null)
        .map(Word::place)
        .toList();
  }

  private void addOption(YamlNode.Entry entry, Set<String> lists, List<String> besidePaths) {
    String key = entry.key().text();
    if (key.equals(DEVICE) || key.equals(IMAGE)) {
      return;
    }
    if (besidePaths.contains(key)) {
      throw nobodysOption(entry.key());
    }
    if (lists.contains(key)) {
      addEach(entry);
    } else {
      add(entry);
    }
  }

  /** Adds the kind of device, and returns it. */
  private ExportKind addDevice(List<ExportKind> kinds) {
    YamlNode device = mapping.get(DEVICE);
    List<String> names = kinds.stream().map(ExportKind::name).toList();
    if (device == null) {
      throw mapping.refused(
          "there is no device", "Add device: " + String.join(" or device: ", names));
    }
    Word word = word(DEVICE, device);
    String name = OptionWords.inFile(word.place(), List.of(word)).choice(word, names);
    words.add(new Word(name, null, word.place()));
    return kinds.get(names.indexOf(name));
  }

  /** Whether the image, if any, is just a path; its options stand beside it then. */
  private boolean addPlainImage() {
    YamlNode image = mapping.get(IMAGE);
    if (image instanceof YamlNode.Scalar path) {
      words.add(new Word(IMAGE, path.text(), path.place()));
    }
    return image == null || image instanceof YamlNode.Scalar;
  }

  private static PlatterException nobodysOption(YamlNode.Scalar key) {
    return key.refused(
        "'" + key.text() + "' does not say which image it is about",
        "Write it beside the path of the image");
  }

  private void addImages(List<String> keys) {
    YamlNode images = mapping.get(IMAGE);
    if (images instanceof YamlNode.Items list) {
      list.items().forEach(image -> mistakes.attempt(() -> addImage(image, keys)));
    } else if (images != null) {
      mistakes.attempt(() -> addImage(images, keys));
    }
  }

  private void addImage(YamlNode image, List<String> keys) {
    if (image instanceof YamlNode.Scalar path) {
      words.add(new Word(IMAGE, path.text(), path.place()));
      return;
    }
    YamlNode.YamlMapping its = mapping(image, "an image", "- path: disk.img");
    YamlNode path = its.get(PATH);
    if (path == null) {
      its.checkKeys(keys); // a misspelled key, or
      throw its.refused("there is no path", "Add path: disk.img");
    }
    mistakes.attempt(() -> its.checkKeys(keys));
    words.add(new Word(IMAGE, word(PATH, path).value(), path.place()));
    for (YamlNode.Entry entry : its.entries()) {
      if (keys.contains(entry.key().text()) && !entry.key().text().equals(PATH)) {
        mistakes.attempt(() -> add(entry));
      }
    }
  }

  private void add(YamlNode.Entry entry) {
    words.add(word(entry));
  }

  private void addEach(YamlNode.Entry entry) {
    if (entry.value() instanceof YamlNode.Items list) {
      for (YamlNode item : list.items()) {
        mistakes.attempt(() -> words.add(word(entry.key().text(), item)));
      }
    } else {
      add(entry);
    }
  }

  private static Word word(YamlNode.Entry entry) {
    return word(entry.key().text(), entry.value());
  }

  static Word word(String key, YamlNode value) {
    if (value instanceof YamlNode.Scalar scalar) {
      return new Word(key, scalar.text(), scalar.place());
    }
    throw value.refused("'" + key + "' is a single value, not " + value.kind(), null);
  }
}
