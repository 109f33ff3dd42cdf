package dev.platter.emulator.server.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** Answers requests to the metrics server. Any thread. */
final class MetricsHandler implements HttpHandler {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int INTERNAL_ERROR = 500;
  private static final int UNAVAILABLE = 503;

  private final Scraper scraper;
  private final MetricsSource source;
  private final EventLog log;
  private final AtomicBoolean told = new AtomicBoolean();

  MetricsHandler(Scraper scraper, MetricsSource source, EventLog log) {
    this.scraper = scraper;
    this.source = source;
    this.log = log;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      try {
        answer(exchange);
      } catch (RuntimeException | Error e) {
        // A bug, or a jar that was replaced: it costs this answer; uncaught, it would end the
        // server.
        tellBug(e);
        answer(exchange, INTERNAL_ERROR, "internal error\n");
      }
    }
  }

  /** Logged once, because a peer can ask again and again. */
  private void tellBug(Throwable bug) {
    if (told.compareAndSet(false, true)) {
      StringWriter trace = new StringWriter();
      bug.printStackTrace(new PrintWriter(trace));
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("reason", bug.toString());
      fields.put("trace", trace.toString());
      log.event(Level.ERROR, "", "metrics-failed", fields);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      answer(exchange, METHOD_NOT_ALLOWED, "only GET and HEAD\n");
      return;
    }
    switch (exchange.getRequestURI().getPath()) {
      case "/metrics" -> metrics(exchange);
      case "/healthz" -> health(exchange);
      case "/" -> answer(exchange, OK, "Platter: see /metrics and /healthz\n");
      case null, default -> answer(exchange, NOT_FOUND, "no such page: see /metrics\n");
    }
  }

  private void metrics(HttpExchange exchange) throws IOException {
    Scraper.Answer answer = scraper.scrape(exchange.getRequestHeaders().getFirst("Accept"));
    send(exchange, OK, answer.contentType(), answer.body());
  }

  private void health(HttpExchange exchange) throws IOException {
    MetricsSource.Serving serving = source.serving();
    if (serving == MetricsSource.Serving.YES) {
      answer(exchange, OK, "ok\n");
    } else {
      answer(exchange, UNAVAILABLE, serving.name().toLowerCase(Locale.ROOT) + "\n");
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    send(exchange, status, TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
