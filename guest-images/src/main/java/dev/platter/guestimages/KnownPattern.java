package dev.platter.guestimages;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The known contents of a disk: little-endian 64-bit words, word {@code i} (at byte {@code 8 * i})
 * being {@code mix(seed + (i + 1) * 0x9e3779b97f4a7c15)}, the SplitMix64 sequence of the seed.
 * {@code mix(z)} is {@code z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9; z = (z ^ z >>> 27) *
 * 0x94d049bb133111eb; z ^ z >>> 31}. The guest's program computes the same, so host and guest each
 * check what the other wrote.
 */
public final class KnownPattern {
  /** The pieces that are hashed one by one. */
  public static final int MIB = 1 << 20;

  private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

  private KnownPattern() {}

  /**
   * Fills a buffer from its position to its limit.
   *
   * @param offset the offset on the disk, a multiple of 8; the remaining length must be one, too
   */
  public static void fill(ByteBuffer buffer, long seed, long offset) {
    if (offset % Long.BYTES != 0 || buffer.remaining() % Long.BYTES != 0) {
      throw new IllegalArgumentException("not whole words: " + offset + ", " + buffer);
    }
    ByteBuffer words = buffer.order(ByteOrder.LITTLE_ENDIAN);
    long state = seed + offset / Long.BYTES * GOLDEN;
    while (words.hasRemaining()) {
      state += GOLDEN;
      words.putLong(mix(state));
    }
  }

  private static long mix(long word) {
    long z = (word ^ (word >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
    return z ^ (z >>> 31);
  }

  /**
   * The SHA-256 of each MiB of a disk filled with the pattern; the last piece may be shorter.
   *
   * @param sizeBytes the disk's size, a multiple of 8
   */
  public static List<String> hashes(long seed, long sizeBytes) {
    List<String> hashes = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(MIB);
    for (long offset = 0; offset < sizeBytes; offset += MIB) {
      buffer.clear().limit((int) Math.min(MIB, sizeBytes - offset));
      fill(buffer, seed, offset);
      hashes.add(sha256(buffer.flip()));
    }
    return hashes;
  }

  /**
   * The SHA-256 of a whole file filled with the pattern, in lower-case hex.
   *
   * @param sizeBytes the file's size, a multiple of 8
   */
  public static String sha256(long seed, long sizeBytes) {
    MessageDigest digest = newSha256();
    ByteBuffer buffer = ByteBuffer.allocate(MIB);
    for (long offset = 0; offset < sizeBytes; offset += MIB) {
      buffer.clear().limit((int) Math.min(MIB, sizeBytes - offset));
      fill(buffer, seed, offset);
      digest.update(buffer.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The SHA-256 of what remains in a buffer, in lower-case hex. */
  static String sha256(ByteBuffer buffer) {
    MessageDigest digest = newSha256();
    digest.update(buffer);
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
