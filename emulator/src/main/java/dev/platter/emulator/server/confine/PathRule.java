package dev.platter.emulator.server.confine;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.file.FileFacts;
import java.nio.file.Path;

/**
 * Rights to a file, or to a directory and all below it.
 *
 * @param path its path; a link is followed when the rule is made
 * @param rights {@code LandlockAbi.ACCESS_FS_*}
 * @param need what happens if it is missing
 */
record PathRule(Path path, long rights, Need need) {
  /** What happens if a path is missing. */
  enum Need {
    /** Nothing: not every host has it. */
    OPTIONAL,
    /** It is refused, because the user has named it. */
    REQUIRED,
    /** It is refused, also if it is neither a regular file nor a block device. */
    DISK
  }

  /** To read a file. */
  static final long READ = LandlockAbi.ACCESS_FS_READ_FILE;

  /** To read files and list directories. */
  static final long READ_TREE = READ | LandlockAbi.ACCESS_FS_READ_DIR;

  /** To execute a file, which reads it, too. */
  static final long EXECUTE = READ | LandlockAbi.ACCESS_FS_EXECUTE;

  /** To read and write a file. */
  static final long READ_WRITE = READ | LandlockAbi.ACCESS_FS_WRITE_FILE;

  /** To make sockets and remove them. */
  static final long SOCKETS = LandlockAbi.ACCESS_FS_MAKE_SOCK | LandlockAbi.ACCESS_FS_REMOVE_FILE;

  /** To open any image below. */
  static final long IMAGES =
      READ_WRITE
          | LandlockAbi.ACCESS_FS_READ_DIR
          | LandlockAbi.ACCESS_FS_TRUNCATE
          | LandlockAbi.ACCESS_FS_IOCTL_DEV;

  /** To write a file beside another, and to replace that. Not to read what lies there. */
  static final long DOCUMENTS =
      LandlockAbi.ACCESS_FS_WRITE_FILE
          | LandlockAbi.ACCESS_FS_TRUNCATE
          | LandlockAbi.ACCESS_FS_MAKE_REG
          | LandlockAbi.ACCESS_FS_REMOVE_FILE;

  /** To make, replace and remove files and directories. */
  static final long SCRATCH =
      READ_WRITE
          | LandlockAbi.ACCESS_FS_READ_DIR
          | LandlockAbi.ACCESS_FS_TRUNCATE
          | LandlockAbi.ACCESS_FS_MAKE_REG
          | LandlockAbi.ACCESS_FS_MAKE_DIR
          | LandlockAbi.ACCESS_FS_REMOVE_FILE
          | LandlockAbi.ACCESS_FS_REMOVE_DIR;

  // The rights that the kernel accepts in a rule for a file.
  private static final long OF_FILES =
      EXECUTE | READ_WRITE | LandlockAbi.ACCESS_FS_TRUNCATE | LandlockAbi.ACCESS_FS_IOCTL_DEV;

  /** A rule for a path that may be missing on this host. */
  static PathRule of(String path, long rights) {
    return new PathRule(Path.of(path), rights, Need.OPTIONAL);
  }

  /** A rule for a path that may be missing on this host. */
  static PathRule of(Path path, long rights) {
    return new PathRule(path, rights, Need.OPTIONAL);
  }

  /** A rule for a path that the user has named. */
  static PathRule required(Path path, long rights) {
    return new PathRule(path, rights, Need.REQUIRED);
  }

  /** A rule for an image. */
  static PathRule disk(Path path, long rights) {
    return new PathRule(path, rights, Need.DISK);
  }

  /**
   * The rights that apply to the type of the file.
   *
   * @param handled the rights that the ruleset handles
   */
  long rightsFor(FileFacts.Type type, long handled) {
    return rights & handled & (type == FileFacts.Type.DIRECTORY ? -1 : OF_FILES);
  }

  /** Whether such a file may stand where the rule says. */
  boolean accepts(FileFacts.Type type) {
    return need != Need.DISK
        || type == FileFacts.Type.REGULAR
        || type == FileFacts.Type.BLOCK_DEVICE;
  }
}
