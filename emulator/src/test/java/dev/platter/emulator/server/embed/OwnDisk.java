package dev.platter.emulator.server.embed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.platter.devices.block.store.BlockingStore;
import dev.platter.devices.block.store.StoreDisk;
import dev.platter.emulator.server.StreamEventLog;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/** The sample of docs/embedding.md: a program that serves a disk of its own to a VM. */
public final class OwnDisk implements BlockingStore {
  private final byte[] bytes = new byte[64 << 20];

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public void read(long offset, MemorySegment buffer) {
    MemorySegment.copy(bytes, (int) offset, buffer, JAVA_BYTE, 0, (int) buffer.byteSize());
  }

  @Override
  public void write(long offset, MemorySegment buffer) {
    MemorySegment.copy(buffer, JAVA_BYTE, 0, bytes, (int) offset, (int) buffer.byteSize());
  }

  @Override
  public void flush() {
    // Memory is as stable as it gets.
  }

  /** Serves such a disk at a socket. */
  public static DiskServer serve(Path socket, StreamEventLog log) {
    StoreDisk disk =
        new StoreDisk("own", new OwnDisk().on(Executors.newVirtualThreadPerTaskExecutor()));
    return DiskServer.with(log).virtioBlk("vda", socket, disk, 2).start();
  }

  /** Serves it at the socket that is named, until Enter is pressed. */
  public static void main(String[] arguments) throws IOException {
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    try (StreamEventLog log = StreamEventLog.text(err);
        DiskServer _ = serve(Path.of(arguments[0]), log)) {
      int _ = System.in.read();
    }
  }
}
