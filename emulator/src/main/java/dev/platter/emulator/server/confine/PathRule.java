package dev.platter.emulator.server.confine;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.file.FileFacts;
import java.nio.file.Path;

/**
 * Rights to a file, or to a directory and all below it.
 *
 * @param path it; a link stands for what it leads to when the rule is made
 * @param rights {@code LandlockAbi.ACCESS_FS_*}
 * @param need what to do if it is not there
 */
record PathRule(Path path, long rights, Need need) {
  /** What to do if a path is not there. */
  enum Need {
    /** Nothing: this host does without. */
    OPTIONAL,
    /** Refuse: it was asked for. */
    REQUIRED,
    /** Refuse; and also if it is neither a regular file nor a block device. */
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

  // What the kernel takes in a rule for something that is no directory.
  private static final long OF_FILES =
      EXECUTE | READ_WRITE | LandlockAbi.ACCESS_FS_TRUNCATE | LandlockAbi.ACCESS_FS_IOCTL_DEV;

  /** A rule for what may be missing on this host. */
  static PathRule of(String path, long rights) {
    return new PathRule(Path.of(path), rights, Need.OPTIONAL);
  }

  /** A rule for what may be missing on this host. */
  static PathRule of(Path path, long rights) {
    return new PathRule(path, rights, Need.OPTIONAL);
  }

  /** A rule for what was asked for. */
  static PathRule required(Path path, long rights) {
    return new PathRule(path, rights, Need.REQUIRED);
  }

  /** A rule for an image. */
  static PathRule disk(Path path, long rights) {
    return new PathRule(path, rights, Need.DISK);
  }

  /**
   * The rights that make sense for what the path turned out to be.
   *
   * @param handled those that are handled at all
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
