package dev.platter.emulator.server.metrics;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A client that sends what it is told to, one request a connection. */
record Http(String head, String body) {
  static Http get(InetSocketAddress address, String path) throws IOException {
    return ask(address, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  static Http ask(InetSocketAddress address, String request) throws IOException {
    try (Socket socket = connect(address)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      byte[] answer = socket.getInputStream().readAllBytes();
      String text = new String(answer, StandardCharsets.UTF_8);
      int end = text.indexOf("\r\n\r\n");
      return end < 0
          ? new Http(text, "")
          : new Http(text.substring(0, end), text.substring(end + 4));
    }
  }

  static Socket connect(InetSocketAddress address) throws IOException {
    return new Socket(address.getAddress(), address.getPort());
  }

  /** 0 if there was no answer. */
  int status() {
    return head.startsWith("HTTP/1.1 ") ? Integer.parseInt(head.substring(9, 12)) : 0;
  }

  String header(String name) {
    String start = name.toLowerCase(Locale.ROOT) + ": ";
    return head.lines()
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst()
        .orElse("");
  }
}
