package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioContext;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real {@code platter serve} of which a loop meets an Error. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class PlantedErrorTest {
  private static final List<String> MAY_LOOK_INTO_THREADS =
      List.of("--add-opens=java.base/java.lang=ALL-UNNAMED");

  @TempDir private Path directory;

  /** Runs the command line; one of the loops gets something to do as soon as clients can come. */
  static final class Planted {
    private Planted() {}

    /**
     * Begins.
     *
     * @param args the loop, what happens there, the socket that is made last, and the command line
     */
    public static void main(String[] args) {
      Runnable what = args[1].equals("heap") ? Planted::fillHeap : Planted::fail;
      Thread.ofPlatform()
          .daemon()
          .name("planter")
          .start(() -> {
            while (!Files.exists(Path.of(args[2]))) {
              LockSupport.parkNanos(1_000_000);
            }
            loop(args[0]).newBottomHalf(what).schedule();
          });
      Platter.main(Arrays.copyOfRange(args, 3, args.length));
    }

    private static void fail() {
      throw new InternalError("planted");
    }

    private static void fillHeap() {
      Object all = new Object();
      while (true) {
        all = new Object[] {all, new byte[1 << 20]};
      }
    }

    /** What a thread runs leads to its loop. */
    private static AioContext loop(String name) {
      Thread thread =
          Thread.getAllStackTraces().keySet().stream()
              .filter(each -> each.getName().equals(name))
              .findFirst()
              .orElseThrow();
      Object task = only(only(thread, "holder"), "task");
      for (Field field : task.getClass().getDeclaredFields()) {
        Object captured = value(field, task);
        if (captured != null && captured.getClass().getSimpleName().equals("LoopThread")) {
          return (AioContext) only(captured, "context");
        }
      }
      throw new IllegalStateException(name + " runs " + task);
    }

    private static Object only(Object object, String name) {
      try {
        Class<?> type = object instanceof Thread ? Thread.class : object.getClass();
        return Objects.requireNonNull(value(type.getDeclaredField(name), object));
      } catch (NoSuchFieldException e) {
        throw new IllegalStateException(e);
      }
    }

    private static @Nullable Object value(Field field, Object object) {
      try {
        field.setAccessible(true);
        return field.get(object);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private Path socket(String name) {
    return directory.resolve(name + ".sock");
  }

  private String image(String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return ",image=" + image + ",cache=writeback,socket=" + socket(name);
  }

  private Process serve(String loop, String what, String... jvmOptions) throws IOException {
    List<String> options = new ArrayList<>(MAY_LOOK_INTO_THREADS);
    options.addAll(List.of(jvmOptions));
    List<String> arguments =
        List.of(
            loop,
            what,
            socket("sata").toString(),
            "serve",
            "--confine=off",
            "--iothread=id=io0",
            "--export=virtio-blk" + image("vda"),
            "--export=virtio-blk,iothread=io0" + image("vdb"),
            "--export=ahci" + image("sata"));
    return ChildProcess.start(
        new ProcessBuilder(ChildJvm.command(Planted.class, options, arguments)));
  }

  private static String errors(Process process) throws IOException {
    return new String(process.getErrorStream().readAllBytes(), UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"main-loop", "io0", "sata"})
  void anErrorOnALoopEndsTheServerWithOneLine(String loop) throws Exception {
    Process process = serve(loop, "error");
    String output = errors(process);
    assertThat(process.waitFor()).as(output).isEqualTo(1);
    assertThat(output.lines().filter(line -> !line.matches("\\d.*")).toList())
        .as("besides events: %s", output)
        .containsExactly(
            "platter: thread '" + loop + "' died of java.lang.InternalError, giving up");
    assertThat(output).doesNotContain(" stopped ");
  }

  /** With the option that the launcher gives; the line is the JVM's. */
  @Test
  void withoutMemoryItIsTheJvmThatEndsIt() throws Exception {
    Process process = serve("sata", "heap", "-Xmx40m", "-XX:+ExitOnOutOfMemoryError");
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(3);
    assertThat(output).contains("java.lang.OutOfMemoryError");
  }
}
