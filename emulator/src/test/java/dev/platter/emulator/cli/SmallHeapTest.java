package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.measure.workload.RunIdentity;
import dev.platter.emulator.measure.workload.WriteLedger;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Verifying what the Java heap is too small for. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class SmallHeapTest {
  private static final long GIB = 1L << 30;

  @TempDir private Path directory;

  /** Verifies an image with its state, without it, and through a device. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      tell(Cli.run("bench", args[0], "--verify-only", "--verify-state", args[1]));
      Object[] read = {
        "bench", args[0], "--rw=read", "--verify", "--device=virtio", "--cache=writeback"
      };
      tell(Cli.run(read));
    }

    private static void tell(Cli cli) {
      System.out.println(cli.exitCode() + " " + cli.out() + cli.err());
    }
  }

  private Path sparse(String name, long bytes) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes);
    }
    return path;
  }

  /**
   * Of 32 GiB, which are 64 Mi sectors and 256 MiB of numbers; the header as a small one has it.
   */
  private Path largeState() throws IOException {
    Path state = directory.resolve("state");
    assertThat(new WriteLedger(512, state, new RunIdentity(1)).completed()).hasSize(1);
    int sectors = (int) (32 * GIB / 512);
    try (RandomAccessFile file = new RandomAccessFile(state.toFile(), "rw")) {
      file.seek(8);
      file.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(sectors).array());
      file.setLength(4096 + 4L * sectors);
    }
    return state;
  }

  @Test
  void aHeapThatIsTooSmallIsSaidWithTheRemedy() throws Exception {
    Path image = sparse("disk.img", 32 * GIB);
    List<String> command =
        ChildJvm.command(
            Main.class,
            List.of("-XX:+UseSerialGC", "-Xmx64m"),
            List.of(image.toString(), largeState().toString()));
    Ended ended = ChildProcess.run(ChildProcess.builder(command));
    String output = ended.output();
    assertThat(ended.exitCode()).as(output).isZero();
    String lack = "3 platter: --verify keeps 4 bytes per sector in memory: it needs 288 MiB";
    assertThat(output.split("\\R", -1))
        .filteredOn(line -> line.startsWith(lack))
        .as(output)
        .hasSize(2);
    assertThat(output).contains("PLATTER_JAVA_OPTS=-Xmx496m").doesNotContain("OutOfMemoryError");
  }
}
