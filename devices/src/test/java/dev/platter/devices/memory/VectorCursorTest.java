package dev.platter.devices.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VectorCursorTest {
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory = arena.allocate(64);
  private final MemorySegment buffer = arena.allocate(64);
  private final IoVector vector = new IoVector(1);
  private final VectorCursor cursor = new VectorCursor();

  @BeforeEach
  void vector() {
    for (int i = 0; i < 64; i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) i);
    }
    vector.add(memory.address() + 40, 10); // 40..49
    vector.add(memory.address(), 5); // 0..4
    vector.add(memory.address() + 20, 10); // 20..29
  }

  @AfterEach
  void close() {
    vector.close();
    arena.close();
  }

  private static byte[] bytes(MemorySegment memory, long from, long count) {
    return memory.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void gathersFromTheMiddleAndStaysThere() {
    cursor.advance(vector, 8);
    cursor.gather(vector, buffer.address(), 12);
    assertThat(bytes(buffer, 0, 12)).containsExactly(48, 49, 0, 1, 2, 3, 4, 20, 21, 22, 23, 24);
    cursor.gather(vector, buffer.address(), 2);
    assertThat(bytes(buffer, 0, 3)).containsExactly(48, 49, 0);
  }

  @Test
  void scattersIntoTheMiddleAndNoFarther() {
    buffer.fill((byte) 99);
    memory.fill((byte) -1);
    cursor.advance(vector, 3);
    cursor.scatter(vector, buffer.address(), 12);
    assertThat(bytes(memory, 40, 10)).containsExactly(-1, -1, -1, 99, 99, 99, 99, 99, 99, 99);
    assertThat(bytes(memory, 0, 6)).containsExactly(99, 99, 99, 99, 99, -1);
    assertThat(memory.get(ValueLayout.JAVA_BYTE, 20)).isEqualTo((byte) -1);
  }

  @Test
  void movesOverTheBordersOfElementsUpToTheEnd() {
    cursor.advance(vector, 9);
    assertThat(cursor.element()).isZero();
    assertThat(cursor.within()).isEqualTo(9);
    cursor.advance(vector, 1);
    assertThat(cursor.element()).isEqualTo(1);
    assertThat(cursor.within()).isZero();
    cursor.advance(vector, 7);
    assertThat(cursor.element()).isEqualTo(2);
    assertThat(cursor.within()).isEqualTo(2);
    cursor.advance(vector, 8);
    assertThat(cursor.element()).isEqualTo(3);
    cursor.reset();
    assertThat(cursor.element()).isZero();
    assertThat(cursor.within()).isZero();
  }
}
