package dev.platter.emulator.cli.run;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.workload.ForwardingTarget;
import dev.platter.emulator.measure.workload.IoTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A disk that acknowledges every write, and does something else to the write of one place. */
final class FaultyDisk extends ForwardingTarget implements BooleanSupplier {
  /** What happens to the write of {@link #PLACE}. */
  enum Fault {
    NONE,
    /** It never reaches the image. */
    DROPPED,
    /** The first of two writes reaches the image after the second. */
    REORDERED,
    /** The second half of its first sector never reaches the image. */
    TORN,
    /** Its place holds what another run has written there. */
    STALE,
    /** It lands in another place. */
    MISDIRECTED
  }

  /** The length of each write. */
  static final int PIECE = 4096;

  static final long PLACE = 17L * PIECE;

  /** Where nothing is written otherwise. */
  static final long ELSEWHERE = 250L * PIECE;

  private static final int SECTOR = 512;

  private final Path image;
  private final Fault fault;
  private final int writesWanted;
  private int writes;
  private byte @Nullable [] heldBack;

  /**
   * Puts the fault in front of a disk.
   *
   * @param writesWanted after how many writes the run ends
   */
  FaultyDisk(IoTarget disk, Path image, Fault fault, int writesWanted) {
    super(disk);
    this.image = image;
    this.fault = fault;
    this.writesWanted = writesWanted;
  }

  /** Whether the run has made all its writes. */
  @Override
  public boolean getAsBoolean() {
    return writes >= writesWanted;
  }

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    writes += operation == Operation.WRITE ? 1 : 0;
    if (operation != Operation.WRITE || offsetBytes != PLACE) {
      disk.submit(tag, operation, offsetBytes, lengthBytes);
      return;
    }
    switch (fault) {
      case DROPPED -> disk.submit(tag, Operation.FLUSH, 0, 0);
      case MISDIRECTED -> disk.submit(tag, operation, ELSEWHERE, lengthBytes);
      case REORDERED -> {
        boolean first = heldBack == null;
        if (first) {
          heldBack = disk.buffer(tag).asSlice(0, PIECE).toArray(ValueLayout.JAVA_BYTE);
        }
        disk.submit(tag, first ? Operation.FLUSH : operation, first ? 0 : PLACE, first ? 0 : PIECE);
      }
      case TORN -> {
        int half = SECTOR / 2;
        disk.buffer(tag).asSlice(half, half).copyFrom(MemorySegment.ofArray(read(image)));
        disk.submit(tag, operation, offsetBytes, lengthBytes);
      }
      case NONE, STALE -> disk.submit(tag, operation, offsetBytes, lengthBytes);
    }
  }

  private static byte[] read(Path file) {
    byte[] old = new byte[SECTOR / 2];
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.read(ByteBuffer.wrap(old), PLACE + SECTOR / 2);
      return old;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Does to the image what happens once the run has ended.
   *
   * @param other an image of the same size that another run has written
   */
  void end(Path other) throws IOException {
    byte[] late = fault == Fault.STALE ? new byte[PIECE] : heldBack;
    if (late == null) {
      return;
    }
    try (FileChannel from = FileChannel.open(other, StandardOpenOption.READ);
        FileChannel to = FileChannel.open(image, StandardOpenOption.WRITE)) {
      if (fault == Fault.STALE) {
        from.read(ByteBuffer.wrap(late), PLACE);
      }
      to.write(ByteBuffer.wrap(late), PLACE);
    }
  }
}
