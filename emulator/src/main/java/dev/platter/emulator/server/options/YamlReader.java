package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads YAML 1.2, of which a configuration file needs little: texts, lists and mappings. Values
 * keep the text they were written with; no type is guessed. Anchors, tags, second documents and
 * deep nesting are refused.
 */
final class YamlReader {
  private static final int MAX_DEPTH = 16;

  private final String file;
  private final String text;
  private final Iterator<Event> events;
  private String reached;

  private YamlReader(String file, String text) {
    this.file = file;
    this.text = text;
    this.reached = file + ":1:1";
    LoadSettings settings = LoadSettings.builder().setLabel(file).build();
    this.events = new Parse(settings).parseString(text).iterator();
  }

  /**
   * Reads a file's text.
   *
   * @param file its name in errors
   * @return its root, or null if the file is empty
   * @throws PlatterException of kind BAD_INPUT with line and column
   */
  static @Nullable YamlNode read(String file, String text) {
    YamlReader reader = new YamlReader(file, text);
    try {
      return reader.document();
    } catch (MarkedYamlEngineException e) {
      throw reader.unreadable(e);
    } catch (ReaderException e) {
      throw reader.unreadable(e);
    } catch (YamlEngineException | IllegalArgumentException | IndexOutOfBoundsException e) {
      // Some of the parser's exceptions have no place, as for an escape that the file's end cuts
      // off.
      throw PlatterException.badInput(
          reader.reached + ": what follows is no YAML: " + oneLine(String.valueOf(e.getMessage())),
          null);
    }
  }

  private @Nullable YamlNode document() {
    YamlNode root = null;
    while (events.hasNext()) {
      Event event = next();
      if (event instanceof NodeEvent node) {
        root = node(node, 0);
      } else if (event.getEventId() == Event.ID.DocumentStart && root != null) {
        throw refused(event, "a second document begins here", "Give one file for each server");
      }
    }
    return root;
  }

  private Event next() {
    Event event = events.next();
    reached = place(event);
    return event;
  }

  private YamlNode node(NodeEvent event, int depth) {
    if (depth > MAX_DEPTH) {
      throw refused(event, "this is nested too deeply", null);
    }
    refuseWhatIsNotNeeded(event);
    return switch (event.getEventId()) {
      case Scalar -> scalar((ScalarEvent) event);
      case SequenceStart -> items(event, depth);
      default -> mapping(event, depth);
    };
  }

  private void refuseWhatIsNotNeeded(NodeEvent event) {
    if (event.getEventId() == Event.ID.Alias || event.getAnchor().isPresent()) {
      throw refused(
          event,
          "anchors and aliases are not understood here",
          "Write it out, or quote a value that begins with & or *");
    }
    Optional<String> tag =
        switch (event) {
          case ScalarEvent scalar -> scalar.getTag();
          case CollectionStartEvent collection -> collection.getTag();
          default -> Optional.empty();
        };
    if (tag.isPresent()) {
      throw refused(
          event,
          "tags are not understood here",
          "Quote a value that begins with an exclamation mark");
    }
  }

  private YamlNode.Scalar scalar(ScalarEvent event) {
    String value = event.getValue();
    if (value.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw refused(event, "this holds a line break or another control character", null);
    }
    boolean nothing = event.isPlain() && (value.equals("~") || value.equalsIgnoreCase("null"));
    return new YamlNode.Scalar(place(event), nothing ? "" : value);
  }

  private YamlNode items(NodeEvent start, int depth) {
    List<YamlNode> items = new ArrayList<>();
    while (next() instanceof NodeEvent item) {
      items.add(node(item, depth + 1));
    }
    return new YamlNode.Items(place(start), List.copyOf(items));
  }

  private YamlNode mapping(NodeEvent start, int depth) {
    Map<String, YamlNode.Entry> entries = new LinkedHashMap<>();
    while (next() instanceof NodeEvent first) {
      if (!(node(first, depth + 1) instanceof YamlNode.Scalar key)) {
        throw refused(first, "a key is a single word", null);
      }
      // A mapping's values come as nodes, always.
      YamlNode value = node((NodeEvent) next(), depth + 1);
      YamlNode.Entry earlier = entries.putIfAbsent(key.text(), new YamlNode.Entry(key, value));
      if (earlier != null) {
        throw key.refused(
            "'" + key.text() + "' is given twice",
            "The first is at " + earlier.key().place() + "; several values are a list");
      }
    }
    return new YamlNode.YamlMapping(place(start), List.copyOf(entries.values()));
  }

  // ---- places --------------------------------------------------------------------------------

  private String place(Event event) {
    return event.getStartMark().map(this::place).orElse(file + ":1:1");
  }

  private String place(Mark mark) {
    return file + ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
  }

  private PlatterException refused(Event event, String what, @Nullable String remedy) {
    return PlatterException.badInput(place(event) + ": " + what, remedy);
  }

  private PlatterException unreadable(MarkedYamlEngineException e) {
    String place = e.getProblemMark().or(e::getContextMark).map(this::place).orElse(file + ":1:1");
    String problem = oneLine(String.valueOf(e.getProblem()));
    return PlatterException.badInput(
        place + ": this is no YAML: " + problem,
        problem.contains("\\t") ? "Indent with spaces: YAML allows no tabs there" : null);
  }

  private PlatterException unreadable(ReaderException e) {
    int position =
        text.offsetByCodePoints(
            0, Math.min(e.getPosition(), text.codePointCount(0, text.length())));
    String place = TextPlace.of(file, text, position);
    return PlatterException.badInput(
        place + String.format(": character U+%04X is not allowed", e.getCodePoint()), null);
  }

  private static String oneLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }
}
