package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * The example of docs/testcontainers.md is the test that is run here, and its pom has all for it.
 */
class DocumentedExampleTest {
  private static final Path EXAMPLE = Path.of("src/test/java/dev/platter/it/DiskExampleIT.java");

  /** The artifact that brings a package; all other packages of the example are the JDK's. */
  private static final Map<String, String> ARTIFACTS =
      Map.of(
          "dev.platter.testcontainers", "platter-testcontainers",
          "org.testcontainers.junit.jupiter", "testcontainers-junit-jupiter",
          "org.junit.jupiter.api", "junit-jupiter",
          "org.assertj.core.api", "assertj-core");

  private static String document() throws IOException {
    return Files.readString(Path.of("../docs/testcontainers.md"));
  }

  @Test
  void theDocumentShowsTheTestThatIsRun() throws IOException {
    String shown =
        Files.readAllLines(EXAMPLE).stream()
            // Where it is, and that it is skipped where the image was not built.
            .filter(line -> !line.startsWith("package ") && !line.contains("EnabledIf"))
            .collect(Collectors.joining("\n"))
            .strip();
    assertThat(document()).contains("```java\n" + shown + "\n```");
  }

  private static Document xml(String text) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(text.getBytes(UTF_8)));
  }

  /** The text of the element's own child; empty if there is none of that name. */
  private static String child(Element element, String name) {
    for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node.getNodeName().equals(name)) {
        return node.getTextContent();
      }
    }
    return "";
  }

  /** Versions of artifacts, dependencies and plugins alike, with properties resolved. */
  private static Map<String, String> versions(Document pom, Map<String, String> properties) {
    Map<String, String> versions = new TreeMap<>();
    for (String kind : List.of("dependency", "plugin")) {
      NodeList all = pom.getElementsByTagName(kind);
      for (int i = 0; i < all.getLength(); i++) {
        Element element = (Element) all.item(i);
        String version = child(element, "version");
        if (!version.isEmpty()) {
          versions.put(
              child(element, "artifactId"),
              properties.getOrDefault(version.replaceAll("[${}]", ""), version));
        }
      }
    }
    return versions;
  }

  @Test
  void itsPomIsCompleteAndHasTheVersionsOfThisBuild() throws Exception {
    Matcher shown = Pattern.compile("(?s)```xml\n(<project.*?</project>)\n```").matcher(document());
    assertThat(shown.find()).isTrue();
    Map<String, String> example = versions(xml(shown.group(1)), Map.of());

    Document root = xml(Files.readString(Path.of("../pom.xml")));
    Map<String, String> properties = new TreeMap<>();
    NodeList given = ((Element) root.getElementsByTagName("properties").item(0)).getChildNodes();
    for (int i = 0; i < given.getLength(); i++) {
      properties.put(given.item(i).getNodeName(), given.item(i).getTextContent());
    }
    properties.put("project.version", child(root.getDocumentElement(), "version"));
    Map<String, String> ours = versions(root, properties);
    ours.put("junit-jupiter", ours.getOrDefault("junit-bom", ""));
    assertThat(ours).containsAllEntriesOf(example);

    List<String> needed = new ArrayList<>(List.of("maven-failsafe-plugin"));
    for (String line : Files.readAllLines(EXAMPLE)) {
      Matcher imported = Pattern.compile("import (?:static )?([a-z.]+)\\.[A-Z].*").matcher(line);
      if (imported.matches()
          && !imported.group(1).startsWith("java.")
          && !line.contains("EnabledIf")) {
        needed.add(ARTIFACTS.getOrDefault(imported.group(1), "unknown: " + line));
      }
    }
    assertThat(example).containsKeys(needed.toArray(String[]::new));
  }
}
