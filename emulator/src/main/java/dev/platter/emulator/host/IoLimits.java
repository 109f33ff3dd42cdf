package dev.platter.emulator.host;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The limits per second of this process's cgroup and its ancestors for one disk; each is null if
 * there is no limit or it cannot be read.
 *
 * @param readBytes bytes read
 * @param writeBytes bytes written
 * @param reads requests that read
 * @param writes requests that write
 */
public record IoLimits(
    @Nullable Long readBytes,
    @Nullable Long writeBytes,
    @Nullable Long reads,
    @Nullable Long writes) {
  /** Whether there is any limit. */
  public boolean any() {
    return readBytes != null || writeBytes != null || reads != null || writes != null;
  }

  /**
   * The limit of a disk in a file with one line for each disk.
   *
   * @param lines such as {@code 8:0 rbps=1048576 wbps=max riops=max wiops=120}, or in version 1
   *     {@code 8:0 1048576}
   * @param device the disk's numbers: {@code 8:0}
   * @param key such as {@code rbps=}; empty in version 1
   * @return null if there is none
   */
  static @Nullable Long of(List<String> lines, String device, String key) {
    for (String line : lines) {
      String[] words = line.split(" +", -1);
      for (int i = 1; i < words.length && words[0].equals(device); i++) {
        if (words[i].startsWith(key)) {
          return HostFiles.parse(words[i].substring(key.length()));
        }
      }
    }
    return null;
  }
}
