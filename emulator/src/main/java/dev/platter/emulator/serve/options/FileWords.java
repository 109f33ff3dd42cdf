package dev.platter.emulator.serve.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.serve.options.OptionWords.Word;
import java.util.ArrayList;
import java.util.List;

/** Parts of a configuration file as the words that the options of the same names consist of. */
final class FileWords {
  private static final String DEVICE = "device";
  private static final String IMAGE = "image";
  private static final String PATH = "path";

  private final YamlNode.Mapping mapping;
  private final List<Word> words = new ArrayList<>();

  private FileWords(YamlNode.Mapping mapping) {
    this.mapping = mapping;
  }

  private static List<String> and(String key, List<String> keys) {
    List<String> all = new ArrayList<>(List.of(key));
    all.addAll(keys);
    return all;
  }

  private static YamlNode.Mapping mapping(YamlNode node, String what, String example) {
    if (node instanceof YamlNode.Mapping mapping) {
      return mapping;
    }
    throw node.refused(what + " consists of keys with values, not " + node.kind(), example);
  }

  /** The words of an {@code --iothread}. */
  static OptionWords ioThread(YamlNode node) {
    YamlNode.Mapping mapping = mapping(node, "an IOThread", "- id: io0");
    mapping.checkKeys(IoThreadParser.KEYS);
    FileWords its = new FileWords(mapping);
    mapping.entries().forEach(its::add);
    return OptionWords.inFile(mapping.place(), its.words);
  }

  /** The words of an {@code --export}: first the kind of device, and each image before its own. */
  static OptionWords export(YamlNode node) {
    YamlNode.Mapping mapping = mapping(node, "an export", "- device: virtio-blk");
    FileWords its = new FileWords(mapping);
    String kind = its.addDevice();
    mapping.checkKeys(and(DEVICE, ExportParser.keys(kind)));
    List<String> ofImage = ExportParser.keysOfImage(kind);
    boolean oneImage = its.addPlainImage();
    for (YamlNode.Entry entry : mapping.entries()) {
      switch (entry.key().text()) {
        case DEVICE, IMAGE -> {}
        case "iothread" -> its.addEach(entry);
        default -> {
          if (!oneImage && ofImage.contains(entry.key().text())) {
            throw nobodysOption(entry.key());
          }
          its.add(entry);
        }
      }
    }
    if (!oneImage) {
      its.addImages(and(PATH, ofImage));
    }
    return OptionWords.inFile(mapping.place(), its.words);
  }

  /** Which is the kind that is returned. */
  private String addDevice() {
    YamlNode device = mapping.get(DEVICE);
    if (device == null) {
      throw mapping.refused(
          "there is no device", "Add device: " + String.join(" or device: ", ExportParser.KINDS));
    }
    Word word = word(DEVICE, device);
    String kind = OptionWords.inFile(word.place(), List.of(word)).choice(word, ExportParser.KINDS);
    words.add(new Word(kind, null, word.place()));
    return kind;
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
      list.items().forEach(image -> addImage(image, keys));
    } else if (images != null) {
      addImage(images, keys);
    }
  }

  private void addImage(YamlNode image, List<String> keys) {
    if (image instanceof YamlNode.Scalar path) {
      words.add(new Word(IMAGE, path.text(), path.place()));
      return;
    }
    YamlNode.Mapping its = mapping(image, "an image", "- path: disk.img");
    its.checkKeys(keys);
    YamlNode path = its.get(PATH);
    if (path == null) {
      throw its.refused("there is no path", "Add path: disk.img");
    }
    words.add(new Word(IMAGE, word(PATH, path).value(), path.place()));
    for (YamlNode.Entry entry : its.entries()) {
      if (!entry.key().text().equals(PATH)) {
        add(entry);
      }
    }
  }

  private void add(YamlNode.Entry entry) {
    words.add(word(entry));
  }

  private void addEach(YamlNode.Entry entry) {
    if (entry.value() instanceof YamlNode.Items list) {
      list.items().forEach(item -> words.add(word(entry.key().text(), item)));
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
