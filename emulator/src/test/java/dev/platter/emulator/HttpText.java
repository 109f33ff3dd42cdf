package dev.platter.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.NullMarked;

/**
 * An HTTP client that leaves nothing in the process: the JDK keeps a connection and a thread for
 * some seconds, which a later test would count as its own.
 */
@NullMarked
public final class HttpText {
  private HttpText() {}

  /**
   * Gets a path of a server on the loopback address, and asserts its status.
   *
   * @return the body
   */
  public static String get(int port, String path, int status) throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setRequestProperty("Connection", "close");
    assertThat(connection.getResponseCode()).isEqualTo(status);
    try (InputStream in =
        status == 200 ? connection.getInputStream() : connection.getErrorStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
