package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/** A headless Chromium with one page, driven over its DevTools protocol. */
final class Browser implements AutoCloseable {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  private static final long PATIENCE_SECONDS = 60;
  private static final String LISTENING = "DevTools listening on ";

  private final Process process;
  private final WebSocket socket;
  private final BlockingQueue<Map<String, Object>> messages;
  private final List<String> complaints = new ArrayList<>();
  private String download = "inProgress";
  private int lastId;

  private Browser(Process process, WebSocket socket, BlockingQueue<Map<String, Object>> messages) {
    this.process = process;
    this.socket = socket;
    this.messages = messages;
  }

  /** The Chromium on the PATH, or null. */
  static @Nullable Path find() {
    String path = System.getenv("PATH");
    for (String directory : (path == null ? "" : path).split(":", -1)) {
      for (String name : NAMES) {
        Path program = Path.of(directory.isEmpty() ? "." : directory, name);
        if (Files.isExecutable(program)) {
          return program;
        }
      }
    }
    return null;
  }

  /**
   * Starts it.
   *
   * @param profile an existing directory that it may fill
   */
  static Browser start(Path program, Path profile) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    boolean started = false;
    try {
      URI address = page(process);
      BlockingQueue<Map<String, Object>> messages = new LinkedBlockingQueue<>();
      WebSocket socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(address, new Receiver(messages))
              .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .join();
      Browser browser = new Browser(process, socket, messages);
      for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
        browser.call(domain + ".enable", Map.of());
      }
      started = true;
      return browser;
    } finally {
      if (!started) {
        process.destroyForcibly();
      }
    }
  }

  /** The address of the page that it has opened. */
  private static URI page(Process process) throws IOException, InterruptedException {
    BufferedReader err = process.errorReader(UTF_8);
    List<String> said = new ArrayList<>();
    for (String line = err.readLine(); line != null; line = err.readLine()) {
      said.add(line);
      if (line.startsWith(LISTENING)) {
        Thread.ofPlatform()
            .daemon()
            .name("browser-stderr")
            .start(() -> err.lines().forEach(_ -> {}));
        URI browser = URI.create(line.substring(LISTENING.length()));
        URI list = URI.create("http://127.0.0.1:" + browser.getPort() + "/json/list");
        String body =
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(list).build(), HttpResponse.BodyHandlers.ofString())
                .body();
        for (Object target : JSON.std.listFrom(body)) {
          Map<?, ?> fields = (Map<?, ?>) target;
          if (Objects.equals(fields.get("type"), "page")) {
            return URI.create(
                Objects.requireNonNull(fields.get("webSocketDebuggerUrl")).toString());
          }
        }
      }
    }
    throw new IOException("the browser ended: " + String.join("\n", said));
  }

  private static final class Receiver implements WebSocket.Listener {
    private final BlockingQueue<Map<String, Object>> messages;
    private final StringBuilder text = new StringBuilder();

    Receiver(BlockingQueue<Map<String, Object>> messages) {
      this.messages = messages;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        messages.add(JSON.std.mapFrom(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private Map<String, Object> next(String waitingFor) throws InterruptedException {
    Map<String, Object> message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (message == null) {
      throw new IllegalStateException("the browser does not answer " + waitingFor);
    }
    String method = String.valueOf(message.get("method"));
    switch (method) {
      case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded" ->
          complaints.add(message.toString());
      case "Network.requestWillBeSent" -> {
        String url = String.valueOf(object(object(message, "params"), "request").get("url"));
        if (!url.startsWith("file:") && !url.startsWith("blob:")) {
          complaints.add("it asks for " + url);
        }
      }
      case "Browser.downloadProgress" ->
          download = String.valueOf(object(message, "params").get("state"));
      default -> {}
    }
    return message;
  }

  /** Calls a method and waits for its result. */
  Map<String, Object> call(String method, Map<String, ?> parameters) throws InterruptedException {
    int id = ++lastId;
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("id", id);
    request.put("method", method);
    request.put("params", parameters);
    WebSocket _ = socket.sendText(JSON.std.asString(request), true).join();
    while (true) {
      Map<String, Object> message = next(method);
      if (Objects.equals(message.get("id"), id)) {
        if (message.containsKey("error")) {
          throw new IllegalStateException(method + ": " + message.get("error"));
        }
        return object(message, "result");
      }
    }
  }

  /** A member that is an object. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> object(Map<String, Object> map, String key) {
    return (Map<String, Object>) Objects.requireNonNull(map.get(key), key);
  }

  /** Opens a file, as a screen of a size and with a preference for colours. */
  void open(Path file, int width, boolean dark) throws InterruptedException {
    complaints.clear();
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
    call(
        "Emulation.setEmulatedMedia",
        Map.of(
            "media",
            "screen",
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    call("Page.navigate", Map.of("url", file.toUri().toString()));
    while (!Objects.equals(next("Page.navigate").get("method"), "Page.loadEventFired")) {
      // Requests and complaints are noted on the way.
    }
  }

  /** What it logged, threw or asked the network for since the page was opened. */
  List<String> complaints() {
    return complaints;
  }

  /** The value of a JavaScript expression. */
  Object evaluate(String expression) throws InterruptedException {
    Map<String, Object> result =
        call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
    if (result.containsKey("exceptionDetails")) {
      throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
    }
    return Objects.requireNonNull(object(result, "result").get("value"), expression);
  }

  /** Lets the page save files. */
  void downloadTo(Path directory) throws InterruptedException {
    call(
        "Browser.setDownloadBehavior",
        Map.of(
            "behavior",
            "allow",
            "downloadPath",
            directory.toAbsolutePath().toString(),
            "eventsEnabled",
            true));
  }

  /** Clicks on an element as a user does. */
  void click(String selector) throws InterruptedException {
    call(
        "Runtime.evaluate",
        Map.of(
            "expression",
            "document.querySelector('" + selector + "').click()",
            "userGesture",
            true));
  }

  /** How the download ended. */
  String downloaded() throws InterruptedException {
    while (download.equals("inProgress")) {
      Map<String, Object> _ = next("a download");
    }
    return download;
  }

  /** The page from top to bottom, as PNG. */
  byte[] screenshot() throws InterruptedException {
    Map<String, Object> result =
        call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true));
    return Base64.getDecoder().decode(String.valueOf(result.get("data")));
  }

  /** The page on paper. */
  byte[] pdf() throws InterruptedException {
    call("Emulation.setEmulatedMedia", Map.of("media", "print"));
    Map<String, Object> result = call("Page.printToPDF", Map.of("printBackground", true));
    return Base64.getDecoder().decode(String.valueOf(result.get("data")));
  }

  @Override
  public void close() {
    socket.abort();
    process.destroy();
    try {
      process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      process.destroyForcibly();
    }
  }
}
