package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonFileTest {
  private static final PrintWriter NO_STDOUT = new PrintWriter(new StringWriter());

  @TempDir Path directory;

  private static Map<String, @Nullable Object> document() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("schema", "platter.test/1");
    document.put("zebra", 1);
    document.put("apple", null);
    document.put("list", Arrays.asList(0.3, true, "ü\"\n"));
    document.put("large", 1L << 60);
    return document;
  }

  private static final String TEXT =
      """
      {
        "schema" : "platter.test/1",
        "zebra" : 1,
        "apple" : null,
        "list" : [ 0.3, true, "ü\\"\\n" ],
        "large" : 1152921504606846976
      }
      """;

  @Test
  void keepsOrderAndNulls() {
    assertThat(JsonFile.render(document())).isEqualTo(TEXT);
  }

  @Test
  void replacesTheFileAndLeavesNothingBeside() throws IOException {
    Path file = directory.resolve("out.json");
    for (int i = 0; i < 2; i++) {
      JsonFile.checkWritable(file.toString());
      JsonFile.write(file.toString(), document(), NO_STDOUT);
      assertThat(file).hasContent(TEXT);
      try (Stream<Path> files = Files.list(directory)) {
        assertThat(files).containsExactly(file);
      }
    }
  }

  @Test
  void aDashIsStdout() {
    StringWriter out = new StringWriter();
    JsonFile.checkWritable("-");
    JsonFile.write("-", document(), new PrintWriter(out));
    assertThat(out).hasToString(TEXT);
  }

  @Test
  void devicesAreNotReplaced() {
    JsonFile.checkWritable("/dev/null");
    JsonFile.write("/dev/null", document(), NO_STDOUT);
    assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
  }

  @Test
  void linksStayLinks() throws IOException {
    Path file = Files.createFile(directory.resolve("out.json"));
    Path link = Files.createSymbolicLink(directory.resolve("link.json"), file.getFileName());
    JsonFile.write(link.toString(), document(), NO_STDOUT);
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(file).hasContent(TEXT);
  }

  @Test
  void tellsBeforeTheRunWhatCannotBeWritten() {
    assertBadInput(directory.resolve("no/such/out.json"))
        .withMessageContaining("there is no directory " + directory.resolve("no/such"))
        .satisfies(e -> assertThat(e.remedy()).contains("mkdir -p"));
    assertBadInput(directory).withMessageContaining("it is a directory");
    assertThatCode(() -> JsonFile.checkWritable("relative.json")).doesNotThrowAnyException();
  }

  @Test
  void tellsOfMissingPermission() throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(directory), "root may write anywhere");
    assertBadInput(directory.resolve("out.json")).withMessageContaining("no permission");
  }

  @Test
  void whatFailsInTheEndIsAFailure() {
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> JsonFile.write("/dev/full", document(), NO_STDOUT))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FAILED))
        .withMessageContaining("cannot write JSON to /dev/full");
  }

  private static ThrowableAssertAlternative<PlatterException> assertBadInput(Path target) {
    return assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> JsonFile.checkWritable(target.toString()))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.BAD_INPUT));
  }
}
