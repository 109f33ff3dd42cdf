package dev.platter.emulator.result.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import tools.jackson.jr.ob.JSON;

/** Saved documents, and pages as trees of elements. */
final class Pages {
  /** Every kind of document, by the name of its file. */
  static final List<String> ALL =
      List.of("iotest", "iotest-deaf", "iotest-old", "bench", "guest", "lab");

  private Pages() {}

  static Map<String, Object> json(String name) {
    try (InputStream in = Pages.class.getResourceAsStream(name + ".json")) {
      return JSON.std.mapFrom(new String(Objects.requireNonNull(in, name).readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Document document(String name) {
    return new Document(name + ".json", json(name));
  }

  /** The page of some documents as a wide screen shows it, read by an XML parser. */
  static Element page(Document... documents) {
    return parsed(HtmlReport.render(List.of(documents)));
  }

  static Element page(String... names) {
    return page(Arrays.stream(names).map(Pages::document).toArray(Document[]::new));
  }

  /** A page as a wide screen shows it. */
  static Element parsed(String page) {
    Element root = whole(page);
    all(root, "*", hasClass("narrow")).forEach(Pages::remove);
    return root;
  }

  /** A page as a narrow screen shows it. */
  static Element narrow(String page) {
    Element root = whole(page);
    all(root, "*", hasClass("wide")).forEach(Pages::remove);
    return root;
  }

  private static void remove(Element element) {
    Objects.requireNonNull(element.getParentNode()).removeChild(element);
  }

  private static Element whole(String page) {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(page.getBytes(UTF_8)))
          .getDocumentElement();
    } catch (IOException | SAXException | ParserConfigurationException e) {
      throw new AssertionError("not well-formed: " + e, e);
    }
  }

  /** Elements of a name, or of any name for "*", in order. */
  static List<Element> all(Element within, String name) {
    NodeList nodes = within.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  static List<Element> all(Element within, String name, Predicate<Element> filter) {
    return all(within, name).stream().filter(filter).toList();
  }

  static Predicate<Element> hasClass(String style) {
    return element -> List.of(element.getAttribute("class").split(" ", -1)).contains(style);
  }

  /** Charts of a kind. */
  static List<Element> charts(Element page, String kind) {
    return all(page, "figure", hasClass(kind));
  }

  static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  /** What a document has at a path such as {@code rows[0].latency_us.p50}. */
  static Object at(Object json, String path) {
    if (path.isEmpty()) {
      return json;
    }
    if (path.startsWith("[")) {
      int end = path.indexOf(']');
      int index = Integer.parseInt(path.substring(1, end));
      return at(Objects.requireNonNull(((List<?>) json).get(index), path), path.substring(end + 1));
    }
    String rest = path.startsWith(".") ? path.substring(1) : path;
    int end = 0;
    while (end < rest.length() && rest.charAt(end) != '.' && rest.charAt(end) != '[') {
      end++;
    }
    return at(
        Objects.requireNonNull(((Map<?, ?>) json).get(rest.substring(0, end)), path),
        rest.substring(end));
  }

  /** The number that a page says to be at a key such as {@code 1:rows[0].runs}. */
  static double figure(List<Document> documents, String key) {
    int colon = key.indexOf(':');
    int number = Integer.parseInt(key.substring(0, colon));
    Object value = at(documents.get(number - 1).json(), key.substring(colon + 1));
    return ((Number) value).doubleValue();
  }
}
