package dev.platter.guestimages;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Builds a guest from the command line, for working on this module: {@code BuildGuest guest} prints
 * its files, {@code BuildGuest disk IMAGE KERNEL-COMMAND-LINE...} makes a boot disk.
 */
public final class BuildGuest {
  private BuildGuest() {}

  /** See the class. */
  public static void main(String[] args) {
    GuestOptions options = GuestOptions.defaults().withProgress(System.err::println);
    Guest guest = new GuestBuilder(options).build();
    System.out.println(guest);
    List<String> words = Arrays.asList(args);
    if (words.size() > 2 && words.getFirst().equals("disk")) {
      String commandLine = String.join(" ", words.subList(2, words.size()));
      BootDisk.create(options, guest, commandLine, Path.of(words.get(1)));
    }
  }
}
