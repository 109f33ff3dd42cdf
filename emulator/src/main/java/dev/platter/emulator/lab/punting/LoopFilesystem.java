package dev.platter.emulator.lab.punting;

import java.util.List;
import java.util.Locale;

/** File systems that an experiment makes in a file. */
enum LoopFilesystem {
  EXT4("e2fsprogs", "-F"),
  XFS("xfsprogs", "-f"),
  BTRFS("btrfs-progs", "-f");

  private final String debianPackage;
  private final String force;

  LoopFilesystem(String debianPackage, String force) {
    this.debianPackage = debianPackage;
    this.force = force;
  }

  /** The package that has its mkfs. */
  String debianPackage() {
    return debianPackage;
  }

  /** The program that makes one. */
  String mkfs() {
    return "mkfs." + this;
  }

  /** The command that makes one in a file. */
  List<String> mkfsCommand(String file) {
    return List.of(mkfs(), "-q", force, file);
  }

  /** As mount(8) names it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
