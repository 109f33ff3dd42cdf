package dev.platter.guestimages;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Raw images with known contents, to check whether a disk returns the right data.
 *
 * <p>A manifest lists what an image should hold: a first line {@code platter-image-manifest/1
 * BYTES}, then the SHA-256 of each MiB in lower-case hex, one a line.
 */
public final class KnownImage {
  private static final String MANIFEST = "platter-image-manifest/1";

  private KnownImage() {}

  /**
   * The expected contents of an image.
   *
   * @param sizeBytes its size
   * @param sha256 the hash of each MiB
   */
  public record Manifest(long sizeBytes, List<String> sha256) {
    /** The manifest of an image that is filled with {@link KnownPattern}. */
    public static Manifest ofPattern(long seed, long sizeBytes) {
      return new Manifest(sizeBytes, KnownPattern.hashes(seed, sizeBytes));
    }

    /** The MiBs, counted from 0, in which another image differs; sizes count. */
    public List<Integer> differences(Manifest other) {
      int pieces = Math.max(sha256.size(), other.sha256.size());
      return IntStream.range(0, pieces)
          .filter(i ->
              i >= sha256.size()
                  || i >= other.sha256.size()
                  || !sha256.get(i).equals(other.sha256.get(i)))
          .boxed()
          .toList();
    }

    /** Writes the manifest to a file. */
    public void write(Path file) {
      List<String> lines = new ArrayList<>();
      lines.add(MANIFEST + " " + sizeBytes);
      lines.addAll(sha256);
      try {
        Files.write(file, lines, StandardCharsets.US_ASCII);
      } catch (IOException e) {
        throw GuestImageException.io("writing the manifest " + file, e);
      }
    }

    /**
     * Reads a manifest.
     *
     * @throws GuestImageException of kind BAD_INPUT if the file is no manifest
     */
    public static Manifest read(Path file) {
      try {
        List<String> lines = Files.readAllLines(file, StandardCharsets.US_ASCII);
        return parse(lines);
      } catch (IOException e) {
        throw GuestImageException.io("reading the manifest " + file, e);
      } catch (IllegalArgumentException e) {
        throw GuestImageException.badInput(file + " is no manifest: " + e.getMessage(), null);
      }
    }

    private static Manifest parse(List<String> lines) {
      if (lines.isEmpty() || !lines.getFirst().matches(MANIFEST + " [0-9]{1,18}")) {
        throw new IllegalArgumentException("its first line is not " + MANIFEST + " BYTES");
      }
      long size = Long.parseLong(lines.getFirst().substring(MANIFEST.length() + 1));
      List<String> hashes = lines.subList(1, lines.size());
      if (hashes.size() != (size + KnownPattern.MIB - 1) / KnownPattern.MIB
          || !hashes.stream().allMatch(hash -> hash.matches("[0-9a-f]{64}"))) {
        throw new IllegalArgumentException("it does not have a SHA-256 for each MiB");
      }
      return new Manifest(size, List.copyOf(hashes));
    }
  }

  /**
   * Makes an image filled with {@link KnownPattern}, fully written and on disk.
   *
   * @param file must not exist
   * @param sizeBytes a multiple of 512
   * @return its contents
   * @throws GuestImageException of kind BAD_INPUT for another size
   */
  public static Manifest create(Path file, long sizeBytes, long seed) {
    if (sizeBytes <= 0 || sizeBytes % 512 != 0) {
      throw GuestImageException.badInput(
          "an image of " + sizeBytes + " bytes is not a whole number of sectors",
          "Give a multiple of 512");
    }
    List<String> hashes = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocateDirect(KnownPattern.MIB);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      for (long at = 0; at < sizeBytes; at += KnownPattern.MIB) {
        buffer.clear().limit((int) Math.min(KnownPattern.MIB, sizeBytes - at));
        KnownPattern.fill(buffer, seed, at);
        buffer.flip();
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        hashes.add(KnownPattern.sha256(buffer.flip()));
      }
      channel.force(true);
    } catch (IOException e) {
      throw GuestImageException.io("writing the image " + file, e);
    }
    return new Manifest(sizeBytes, List.copyOf(hashes));
  }

  /** Reads the contents of an image or a block device. */
  public static Manifest scan(Path file) {
    List<String> hashes = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocateDirect(KnownPattern.MIB);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      for (long at = 0; at < size; at += KnownPattern.MIB) {
        buffer.clear().limit((int) Math.min(KnownPattern.MIB, size - at));
        while (buffer.hasRemaining()) {
          if (channel.read(buffer) < 0) {
            throw new EOFException("it became shorter while it was read");
          }
        }
        hashes.add(KnownPattern.sha256(buffer.flip()));
      }
      return new Manifest(size, List.copyOf(hashes));
    } catch (IOException e) {
      throw GuestImageException.io("reading the image " + file, e);
    }
  }

  /**
   * Checks an image.
   *
   * @return the MiBs, counted from 0, that differ from the manifest; empty if all is well
   */
  public static List<Integer> check(Path file, Manifest manifest) {
    return manifest.differences(scan(file));
  }
}
