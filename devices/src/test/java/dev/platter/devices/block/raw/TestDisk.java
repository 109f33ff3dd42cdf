package dev.platter.devices.block.raw;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.image.ImageOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** An image, a loop on the test's thread, and "guest" memory at alignments of the test's choice. */
final class TestDisk implements AutoCloseable {
  final Path path;
  final RawImage image;
  final AioContext context = new AioContext("test", AioConfig.ioThread(), null);
  final Arena arena = Arena.ofConfined();

  /** A slot that remembers its result. */
  static final class Slot extends BlockRequest {
    private static final int NONE = Integer.MIN_VALUE;
    int result = NONE;
    Runnable then = () -> {};

    Slot() {
      super(4);
    }

    boolean isDone() {
      return result != NONE;
    }

    @Override
    protected void completed(int result) {
      if (isDone()) {
        throw new AssertionError("completed twice for one submission");
      }
      this.result = result;
      then.run();
    }
  }

  TestDisk(Path path, ImageOptions options) {
    this.path = path;
    this.image = RawImage.open(path.toString(), options);
  }

  /** A file of {@code size} random bytes, all written. */
  static Path randomFile(Path directory, int size) throws IOException {
    byte[] contents = new byte[size];
    new Random(size).nextBytes(contents);
    return Files.write(directory.resolve("disk.img"), contents);
  }

  /** Memory that starts {@code misalignment} bytes after a page boundary. */
  MemorySegment memory(int length, int misalignment) {
    return arena.allocate(length + misalignment, 4096).asSlice(misalignment);
  }

  static byte[] bytes(MemorySegment memory) {
    return memory.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Submits a prepared slot and returns its result. */
  int run(Slot slot) {
    slot.result = Slot.NONE;
    image.submit(slot);
    await(slot);
    return slot.result;
  }

  /** Turns the loop until a slot's request is done. */
  void await(Slot slot) {
    while (!slot.isDone()) {
      context.turn(true);
    }
  }

  int read(long offset, MemorySegment... buffers) {
    try (Slot slot = new Slot()) {
      fill(slot, buffers);
      slot.prepareRead(offset);
      return run(slot);
    }
  }

  int write(long offset, boolean forceUnitAccess, MemorySegment... buffers) {
    try (Slot slot = new Slot()) {
      fill(slot, buffers);
      slot.prepareWrite(offset, forceUnitAccess);
      return run(slot);
    }
  }

  int flush() {
    try (Slot slot = new Slot()) {
      slot.prepareFlush();
      return run(slot);
    }
  }

  int discard(long offset, long length) {
    try (Slot slot = new Slot()) {
      slot.prepareDiscard(offset, length);
      return run(slot);
    }
  }

  int writeZeroes(long offset, long length, boolean mayUnmap) {
    try (Slot slot = new Slot()) {
      slot.prepareWriteZeroes(offset, length, mayUnmap);
      return run(slot);
    }
  }

  static void fill(Slot slot, MemorySegment... buffers) {
    slot.vector().clear();
    for (MemorySegment buffer : buffers) {
      slot.vector().add(buffer.address(), buffer.byteSize());
    }
  }

  byte[] file() throws IOException {
    return Files.readAllBytes(path);
  }

  void truncate(long size) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
  }

  @Override
  public void close() {
    context.close();
    image.close();
    arena.close();
  }
}
