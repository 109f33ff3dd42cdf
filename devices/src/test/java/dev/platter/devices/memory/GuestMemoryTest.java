package dev.platter.devices.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
  private static final long LOW = 0x1000;
  private static final long HIGH = 0x1_0000_0000L;
  private static final int SIZE = 0x1000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Arena arena;
  private MemorySegment low;
  private MemorySegment next;
  private MemorySegment high;
  private GuestMemory memory;

  @BeforeEach
  @SuppressWarnings("NullAway.Init")
  void makeMemory() {
    arena = Arena.ofConfined();
    low = arena.allocate(SIZE, SIZE);
    next = arena.allocate(SIZE, SIZE);
    high = arena.allocate(SIZE, SIZE);
    // Two adjacent regions and one above 4 GiB, in no order.
    memory =
        new GuestMemory(
            List.of(
                new GuestMemory.Region(HIGH, high),
                new GuestMemory.Region(LOW, low),
                new GuestMemory.Region(LOW + SIZE, next)));
  }

  @AfterEach
  void free() {
    arena.close();
  }

  private static final long[][] OUTSIDE = {
    {0, 1},
    {LOW - 1, 1},
    {LOW - 1, 2},
    {LOW + 2 * SIZE, 1},
    {LOW + 2 * SIZE - 1, 2},
    {LOW, 2 * SIZE + 1},
    {LOW, Long.MAX_VALUE},
    {LOW, -1},
    {LOW, Long.MIN_VALUE},
    {HIGH + SIZE, 1},
    {HIGH + SIZE - 1, Long.MAX_VALUE},
    {-1, 1},
    {-1, 2},
    {-LOW, LOW},
    {Long.MAX_VALUE, 1},
    {Long.MAX_VALUE, Long.MAX_VALUE},
    {Long.MIN_VALUE, 8},
  };

  @Test
  void nothingOutsideRamIsEverReached() {
    MemorySegment buffer = arena.allocate(64);
    try (IoVector vector = new IoVector(1)) {
      for (long[] range : OUTSIDE) {
        long address = range[0];
        long length = range[1];
        String what = Long.toHexString(address) + "+" + length;
        assertThat(memory.contains(address, length)).as(what).isFalse();
        assertThat(memory.hostAddress(address, length)).as(what).isEqualTo(GuestMemory.OUTSIDE);
        assertThat(memory.slice(address, length)).as(what).isNull();
        assertThat(memory.appendTo(vector, address, length)).as(what).isFalse();
        assertThat(memory.read(address, buffer, 0, length)).as(what).isFalse();
        assertThat(memory.write(address, buffer, 0, length)).as(what).isFalse();
      }
    }
  }

  @Test
  void scalarsAreLittleEndianAndAllOnesOutside() {
    assertThat(memory.writeLong(HIGH + 3, 0x0102030405060708L)).as("unaligned").isTrue();
    assertThat(high.get(ValueLayout.JAVA_BYTE, 3)).isEqualTo((byte) 8);
    assertThat(memory.readByte(HIGH + 4)).isEqualTo(7);
    assertThat(memory.readShort(HIGH + 3)).isEqualTo(0x0708);
    assertThat(memory.readInt(HIGH + 3)).isEqualTo(0x05060708);
    assertThat(memory.readLong(HIGH + 3)).isEqualTo(0x0102030405060708L);
    assertThat(memory.writeByte(LOW, 0xff)).isTrue();
    assertThat(memory.readByte(LOW)).isEqualTo(0xff);
    assertThat(memory.writeShort(LOW, 0xfffe)).isTrue();
    assertThat(memory.readShort(LOW)).isEqualTo(0xfffe);
    assertThat(memory.writeInt(LOW, -2)).isTrue();
    assertThat(memory.readInt(LOW)).isEqualTo(-2);

    long end = HIGH + SIZE;
    assertThat(memory.readByte(end)).isEqualTo(0xff);
    assertThat(memory.readShort(end - 1)).isEqualTo(0xffff);
    assertThat(memory.readInt(end - 3)).isEqualTo(-1);
    assertThat(memory.readLong(end - 7)).isEqualTo(-1);
    assertThat(memory.writeByte(end, 0)).isFalse();
    assertThat(memory.writeShort(end - 1, 0)).isFalse();
    assertThat(memory.writeInt(end - 3, 0)).isFalse();
    assertThat(memory.writeLong(end - 7, 0)).isFalse();
  }

  @Test
  void aBufferAcrossAdjacentRegionsBecomesSeveralElements() {
    try (IoVector vector = new IoVector(1)) {
      assertThat(memory.appendTo(vector, LOW + SIZE - 16, 48)).isTrue();
      assertThat(vector.totalBytes()).isEqualTo(48);
      assertThat(vector.base(0)).isEqualTo(low.address() + SIZE - 16);
      if (vector.count() == 2) { // one if the host happens to have put them side by side
        assertThat(vector.base(1)).isEqualTo(next.address());
        assertThat(vector.length(1)).isEqualTo(32);
      }
      assertThat(memory.appendTo(vector, LOW, 0)).isTrue();
      assertThat(memory.hostAddress(LOW + SIZE - 16, 48)).isEqualTo(GuestMemory.OUTSIDE);
    }
  }

  @Test
  void copiesAndViews() {
    MemorySegment buffer = arena.allocate(SIZE);
    for (int i = 0; i < SIZE; i++) {
      buffer.set(ValueLayout.JAVA_BYTE, i, (byte) i);
    }
    assertThat(memory.write(LOW, buffer, 0, SIZE)).isTrue();
    assertThat(low.mismatch(buffer)).isEqualTo(-1);
    MemorySegment back = arena.allocate(100);
    assertThat(memory.read(LOW + 7, back, 10, 90)).isTrue();
    assertThat(back.asSlice(10).mismatch(buffer.asSlice(7, 90))).isEqualTo(-1);
    MemorySegment slice = memory.slice(LOW + 8, 8);
    assertThat(slice).isNotNull();
    assertThat(memory.hostAddress(LOW + 8, 8)).isEqualTo(low.address() + 8);
  }

  @Test
  void badLayoutsAreRefused() {
    assertThatThrownBy(() -> new GuestMemory.Region(-1, low))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new GuestMemory.Region(Long.MAX_VALUE, low))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new GuestMemory.Region(0, MemorySegment.NULL))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            new GuestMemory(
                List.of(new GuestMemory.Region(0, low), new GuestMemory.Region(SIZE - 1, next))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void hostileAddressesNeverThrow() {
    Random random = new Random(5);
    long[] interesting = {0, 1, LOW, LOW + SIZE, HIGH, HIGH + SIZE, Long.MAX_VALUE, -1, SIZE};
    try (IoVector vector = new IoVector(4)) {
      for (int i = 0; i < 20_000; i++) {
        long address = interesting[random.nextInt(interesting.length)] + random.nextInt(17) - 8;
        long length = interesting[random.nextInt(interesting.length)] + random.nextInt(17) - 8;
        vector.clear();
        boolean appended = memory.appendTo(vector, address, length);
        assertThat(vector.totalBytes()).isLessThanOrEqualTo(2L * SIZE);
        if (appended) {
          assertThat(vector.totalBytes()).isEqualTo(length);
        }
        boolean contained = memory.contains(address, length);
        if (length > 0) {
          assertThat(contained).isEqualTo(appended);
        }
        if (memory.hostAddress(address, length) != GuestMemory.OUTSIDE) {
          assertThat(contained).isTrue();
        }
        memory.readLong(address);
        memory.writeLong(address, length);
      }
    }
  }

  @Test
  void readOnlyRamIsReadAndNeverWritten() {
    memory.replace(
        List.of(
            new GuestMemory.Region(LOW, low),
            new GuestMemory.Region(LOW + SIZE, next.asReadOnly())));
    next.set(ValueLayout.JAVA_LONG, 0, 5);
    long rom = LOW + SIZE;
    assertThat(memory.readLong(rom)).isEqualTo(5);
    assertThat(memory.read(rom, high, 0, SIZE)).isTrue();
    assertThat(memory.contains(rom, SIZE)).isTrue();
    assertThat(memory.write(rom, high, 0, 8)).isFalse();
    assertThat(memory.writeByte(rom, 1)).isFalse();
    assertThat(memory.writeShort(rom, 1)).isFalse();
    assertThat(memory.writeInt(rom, 1)).isFalse();
    assertThat(memory.writeLong(rom, 1)).isFalse();
    assertThat(next.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(5);
    try (IoVector vector = new IoVector(4)) {
      assertThat(memory.appendTo(vector, rom - 8, 16)).isTrue();
      vector.clear();
      assertThat(memory.appendWritableTo(vector, rom - 8, 8)).isTrue();
      assertThat(memory.appendWritableTo(vector, rom - 8, 16)).isFalse();
    }
  }

  @Test
  void copiesGoAcrossAdjacentRegions() {
    MemorySegment buffer = arena.allocate(48);
    for (int i = 0; i < 48; i++) {
      buffer.set(ValueLayout.JAVA_BYTE, i, (byte) (i + 1));
    }
    long at = LOW + SIZE - 16;
    assertThat(memory.contains(at, 48)).isTrue();
    assertThat(memory.write(at, buffer, 0, 48)).isTrue();
    assertThat(low.asSlice(SIZE - 16).mismatch(buffer.asSlice(0, 16))).isEqualTo(-1);
    assertThat(next.asSlice(0, 32).mismatch(buffer.asSlice(16, 32))).isEqualTo(-1);
    MemorySegment back = arena.allocate(50);
    assertThat(memory.read(at, back, 2, 48)).isTrue();
    assertThat(back.asSlice(2).mismatch(buffer)).isEqualTo(-1);
  }

  @Test
  void numbersGoAcrossAdjacentRegions() {
    long end = LOW + SIZE;
    for (int before = 1; before < 8; before++) {
      assertThat(memory.writeLong(end - before, 0x8182838485868788L)).isTrue();
      assertThat(memory.readLong(end - before)).isEqualTo(0x8182838485868788L);
    }
    for (int before = 1; before < 4; before++) {
      assertThat(memory.writeInt(end - before, 0x91929394)).isTrue();
      assertThat(memory.readInt(end - before)).isEqualTo(0x91929394);
    }
    assertThat(memory.writeShort(end - 1, 0xa1a2)).isTrue();
    assertThat(memory.readShort(end - 1)).isEqualTo(0xa1a2);
    assertThat(low.get(ValueLayout.JAVA_BYTE, SIZE - 1)).isEqualTo((byte) 0xa2);
    assertThat(next.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0xa1);
  }

  @Test
  void whatEndsInReadOnlyRamIsNotWrittenByHalves() {
    memory.replace(
        List.of(
            new GuestMemory.Region(LOW, low),
            new GuestMemory.Region(LOW + SIZE, next.asReadOnly())));
    long at = LOW + SIZE - 4;
    assertThat(memory.contains(at, 8)).isTrue();
    assertThat(memory.write(at, high, 0, 8)).isFalse();
    high.fill((byte) 7);
    assertThat(memory.write(at, high, 0, 8)).isFalse();
    assertThat(memory.writeLong(at, -1)).isFalse();
    assertThat(memory.readInt(at)).isZero();
    assertThat(memory.readLong(at)).isZero();
  }

  @Test
  void aRangeWithoutMemoryIsTakenAndOutsideRam() {
    assertThat(memory.add(LOW + 2 * SIZE, SIZE, MemorySegment.NULL, 0)).isTrue();
    assertThat(memory.add(LOW + 2 * SIZE, SIZE, high, 0)).isFalse();
    assertThat(memory.has(LOW + 2 * SIZE, SIZE)).isTrue();
    assertThat(memory.contains(LOW + 2 * SIZE, 1)).isFalse();
    assertThat(memory.readLong(LOW + 2 * SIZE - 4)).isEqualTo(-1);
    assertThat(memory.regions()).hasSize(3);
    assertThat(memory.ranges()).isEqualTo(4);
    assertThat(memory.remove(LOW + 2 * SIZE, SIZE)).isEqualTo(MemorySegment.NULL);
    assertThatThrownBy(() -> memory.remove(LOW + 2 * SIZE, SIZE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void copiesAllocateNothing() {
    MemorySegment buffer = arena.allocate(64);
    long allocated = 1;
    // Warmed up, some round is without the compiler's and the test's own.
    for (int round = 0; round < 100 && allocated != 0; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1_000; i++) {
        memory.write(LOW + SIZE - 16, buffer, 0, 64);
        memory.read(LOW + SIZE - 16, buffer, 0, 64);
        memory.writeLong(LOW + SIZE - 4, i);
        memory.readLong(LOW + SIZE - 4);
        memory.readInt(HIGH);
      }
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    }
    assertThat(allocated).isZero();
  }
}
