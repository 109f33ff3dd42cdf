package dev.platter.guestimages;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/** SHA-256 of files and of lists of words, in lower-case hex. */
final class Hashes {
  private static final int BUFFER_BYTES = 1 << 16;

  private Hashes() {}

  static String ofFile(Path file) throws IOException {
    MessageDigest digest = KnownPattern.newSha256();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static String ofBytes(byte[] bytes) {
    return HexFormat.of().formatHex(KnownPattern.newSha256().digest(bytes));
  }

  /** The hash of lines, each ended by a line feed. */
  static String ofLines(Iterable<String> lines) {
    return ofBytes((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
