package dev.platter.guestimages;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A kernel module's description of itself in its {@code .modinfo} section: {@code key=value}
 * strings, each ended by a zero byte.
 *
 * @param depends modules that must be loaded before it
 * @param softPre modules that should be loaded before it, if there are any of this name
 * @param release the kernel that it was built for, as {@code uname -r} says; empty if unknown
 */
record ModuleInfo(List<String> depends, List<String> softPre, String release) {
  /**
   * Reads a module.
   *
   * @param what the module, in words for messages
   * @throws GuestImageException of kind BAD_INPUT if it is no module
   */
  static ModuleInfo of(byte[] module, String what) {
    byte[] section = ElfFile.of(module, what).section(".modinfo");
    if (section == null) {
      throw GuestImageException.badInput(what + " is no kernel module: it has no .modinfo", null);
    }
    List<String> depends = new ArrayList<>();
    List<String> softPre = new ArrayList<>();
    String release = "";
    for (String entry : new String(section, StandardCharsets.ISO_8859_1).split("\0", -1)) {
      if (entry.startsWith("depends=")) {
        words(entry.substring("depends=".length()), ",")
            .map(ModuleSet::normal)
            .forEach(depends::add);
      } else if (entry.startsWith("softdep=")) {
        softPre.addAll(pre(entry.substring("softdep=".length())));
      } else if (entry.startsWith("vermagic=")) {
        // Further conditions follow, such as SMP.
        release = entry.substring("vermagic=".length()).split(" ", 2)[0];
      }
    }
    return new ModuleInfo(List.copyOf(depends), List.copyOf(softPre), release);
  }

  /** Of "pre: a b post: c", a and b. */
  private static List<String> pre(String softdep) {
    List<String> names = new ArrayList<>();
    boolean before = false;
    for (String word : words(softdep, "\\s+").toList()) {
      if (word.endsWith(":")) {
        before = word.equals("pre:");
      } else if (before) {
        names.add(ModuleSet.normal(word));
      }
    }
    return names;
  }

  private static java.util.stream.Stream<String> words(String text, String separator) {
    return Arrays.stream(text.split(separator, -1)).filter(word -> !word.isBlank());
  }
}
