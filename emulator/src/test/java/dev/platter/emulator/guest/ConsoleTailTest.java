package dev.platter.emulator.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConsoleTailTest {
  private final List<String> lines = new ArrayList<>();
  private final ConsoleTail tail = new ConsoleTail(lines::add);

  private void say(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    tail.add(bytes, bytes.length);
  }

  @Test
  void aLineMayComeInPieces() {
    say("one\r\ntw");
    assertThat(lines).containsExactly("one");
    say("o\nthr");
    say("");
    say("ee");
    tail.end();
    tail.end();
    assertThat(lines).containsExactly("one", "two", "three");
  }

  @Test
  void aCharacterMayComeInPieces() {
    byte[] bytes = "gr\u00fc\u00df\n".getBytes(UTF_8);
    for (byte b : bytes) {
      tail.add(new byte[] {b, 'x'}, 1);
    }
    assertThat(lines).containsExactly("gr\u00fc\u00df");
  }

  @Test
  void terminalSequencesAreDropped() {
    say("\u001b[2J\u001b[01;01H\u001b[=3h\u001b[0m\u001b[?25lBdsDxe: loading\u0007\u0000\r\n");
    say("\u001bc\u001b[1;31mred\u001b[0m\tand\n");
    assertThat(lines).containsExactly("BdsDxe: loading", "red\tand");
  }

  @Test
  void aLineWithoutEndIsCutUp() {
    say("x".repeat(200_000));
    assertThat(lines).hasSize(3).allSatisfy(line -> assertThat(line).hasSize(1 << 16));
  }

  @Test
  void theLastLinesAreKept() {
    IntStream.range(0, 100).forEach(i -> say("line " + i + "\n"));
    assertThat(tail.last().lines()).hasSize(40).startsWith("line 60").endsWith("line 99");
  }
}
