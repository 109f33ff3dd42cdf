package dev.platter.emulator.server.options;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a configuration file holds, it is read or refused with a line and a column. */
@Tag("slow")
class ServeFileFuzzTest {
  private static final int ROUNDS = 4_000;
  private static final Pattern PLACE = Pattern.compile("fuzz:[1-9]\\d*:[1-9]\\d*: \\S");

  private static final String SAMPLE =
      """
      iothread:
        - id: io0
          cpu: 1
      export:
        - device: virtio-blk
          image: disk.img # a disk
          socket: /run/platter/vda.sock
          iothread: io0
        - device: ahci
          socket: "/run/platter/sata.sock"
          image:
            - path: 'a.img'
              serial: A1
            - {path: b.img, readonly: true}
      metrics: 127.0.0.1:9464
      json-log: on
      log-level: info
      allow: [/srv/images]
      """;

  private static final List<String> PIECES =
      List.of(
          ":",
          ": ",
          "- ",
          "\n",
          "\n  ",
          "\t",
          "{",
          "}",
          "[",
          "]",
          ",",
          "&a ",
          "*a",
          "!t ",
          "!!str ",
          "|\n",
          ">-\n",
          "\"",
          "'",
          "\"\\x",
          "\"\\U0011ffff",
          "%YAML 9.9\n---\n",
          "---\n",
          "...\n",
          "#",
          "?",
          "@",
          "`",
          "\u0000",
          "\ufeff",
          "\ud83d",
          "\ud83d\ude00",
          "\u0085",
          "\u2028",
          "~",
          "null",
          "export",
          "device: ahci",
          "image",
          "path",
          "<<: ",
          "-9999999999",
          "[[[[[[[[[[",
          "{a: {a: {a: ",
          "- - - - - - ",
          "? ? ? ? ");

  private static void readOrRefuse(String text) {
    try {
      ServeSettings settings = ServeFile.parse("fuzz", text);
      ServeOptions.of(null, settings.with(ServeSettings.NONE, Map.of()));
    } catch (PlatterException e) {
      assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
      String message = String.valueOf(e.getMessage());
      assertThat(PLACE.matcher(message).lookingAt() || message.equals("there is nothing to serve"))
          .as("%s of%n%s", message, text)
          .isTrue();
      assertThat(message).doesNotContain("\n");
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError("on " + text, e);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void garbage(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < ROUNDS; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(30);
      for (int j = 0; j < length; j++) {
        text.append(
            random.nextInt(4) == 0
                ? Character.toString(random.nextInt(0x250))
                : PIECES.get(random.nextInt(PIECES.size())));
      }
      readOrRefuse(text.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aGoodFileWithSlips(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < ROUNDS; i++) {
      StringBuilder text = new StringBuilder(SAMPLE);
      int slips = 1 + random.nextInt(4);
      for (int j = 0; j < slips; j++) {
        int at = random.nextInt(text.length());
        int end = Math.min(text.length(), at + random.nextInt(6));
        text.replace(at, end, PIECES.get(random.nextInt(PIECES.size())));
      }
      readOrRefuse(text.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{", "- ", "? ", "a: ", "{a: ", "!!x ", "\"", "|\n ", "*a ", "&a "})
  void aLotOfTheSame(String piece) {
    readOrRefuse(piece.repeat(TextFile.MAX_BYTES / piece.length()));
  }
}
