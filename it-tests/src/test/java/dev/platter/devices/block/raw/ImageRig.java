package dev.platter.devices.block.raw;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An image, a loop on the test's thread, memory, and what its listener is told. */
final class ImageRig implements AutoCloseable {
  final RawImage image;
  final AioContext context = new AioContext("test", AioConfig.ioThread(), null);
  final Arena arena = Arena.ofConfined();
  final List<String> told = new ArrayList<>();
  private final Slot slot = new Slot();

  /** Remembers its result. */
  static final class Slot extends BlockRequest {
    int result;
    boolean done;

    Slot() {
      super(4);
    }

    @Override
    protected void completed(int result) {
      this.result = result;
      done = true;
    }
  }

  ImageRig(Path path, ImageOptions options) {
    image = RawImage.open(path.toString(), options);
    image.addListener(
        new BlockListener() {
          @Override
          public void failed(Operation operation, long offset, long length, int errno) {
            told.add("failed " + operation);
          }

          @Override
          public void flushFailed(int errno) {
            told.add("flush failed");
          }

          @Override
          public void discardRefused(long offset, long length, int errno) {
            told.add("discard refused");
          }
        });
  }

  private int run() {
    slot.done = false;
    image.submit(slot);
    while (!slot.done) {
      context.turn(true);
    }
    return slot.result;
  }

  private void fill(MemorySegment memory) {
    slot.vector().clear();
    slot.vector().add(memory.address(), memory.byteSize());
  }

  int read(long offset, MemorySegment memory) {
    fill(memory);
    slot.prepareRead(offset);
    return run();
  }

  int write(long offset, MemorySegment memory, boolean forceUnitAccess) {
    fill(memory);
    slot.prepareWrite(offset, forceUnitAccess);
    return run();
  }

  int flush() {
    slot.prepareFlush();
    return run();
  }

  int discard(long offset, long length) {
    slot.prepareDiscard(offset, length);
    return run();
  }

  int writeZeroes(long offset, long length, boolean mayUnmap) {
    slot.prepareWriteZeroes(offset, length, mayUnmap);
    return run();
  }

  MemorySegment memory(int length) {
    return arena.allocate(length, 4096);
  }

  @Override
  public void close() {
    slot.close();
    context.close();
    image.close();
    arena.close();
  }
}
