package dev.platter.emulator.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StartListener;
import dev.platter.emulator.server.SystemdSockets;
import dev.platter.emulator.server.options.ExportParser;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class MemoryBudgetTest {
  private static final long MIB = 1 << 20;
  // What the launcher gives, and what docs/serve.md promises for it.
  private static final long HEAP = 96 * MIB;
  private static final long DOCUMENTED = 256 * MIB;

  @TempDir private Path directory;

  private static List<ExportConfig> exports(int count, String text) {
    List<ExportConfig> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(ExportParser.parse(text.replace("#", "" + i), i));
    }
    return all;
  }

  private static void fits(List<ExportConfig> exports) {
    MemoryBudget.check(MemoryBudget.needed(0, exports), HEAP, DOCUMENTED);
  }

  @Test
  void theDocumentedMaximumFitsIntoTheDocumentedMemory() {
    fits(exports(16, "virtio-blk,image=a#,socket=a#.sock,queues=4"));
    List<ExportConfig> many =
        new ArrayList<>(exports(4, "virtio-blk,image=a#,socket=a#.sock,queues=64"));
    many.addAll(exports(1, "ahci,image=a,socket=sata.sock"));
    fits(many);
    fits(exports(12, "ahci,image=a#,socket=a#.sock"));
    fits(exports(1, "ahci" + ",image=b".repeat(12) + ",socket=a.sock"));
    assertThatThrownBy(() -> fits(exports(40, "virtio-blk,image=a#,socket=a#.sock,queues=4")))
        .isInstanceOf(PlatterException.class);
  }

  @Test
  void eachDiskAndQueueCounts() {
    MemoryBudget.Need none = MemoryBudget.needed(0, List.of());
    MemoryBudget.Need one = MemoryBudget.needed(0, exports(1, "virtio-blk,image=a,socket=a.sock"));
    MemoryBudget.Need queues =
        MemoryBudget.needed(0, exports(1, "virtio-blk,image=a,socket=a.sock,queues=64"));
    MemoryBudget.Need sata = MemoryBudget.needed(0, exports(1, "ahci,image=a,socket=a.sock"));
    MemoryBudget.Need two =
        MemoryBudget.needed(0, exports(1, "ahci,image=a,image=b,socket=a.sock"));
    assertThat(one.nativeBytes() - none.nativeBytes()).isBetween(2 * MIB, 3 * MIB);
    assertThat(queues.heapBytes() - one.heapBytes()).isEqualTo(63L * 256 * 640);
    assertThat(queues.nativeBytes()).isGreaterThan(one.nativeBytes() + 63 * 100_000);
    assertThat(two.nativeBytes() - sata.nativeBytes()).isEqualTo(5 * MIB);
    MemoryBudget.Need ram = MemoryBudget.needed(0, exports(2, "ahci,image=ram:64M,socket=a#.sock"));
    MemoryBudget.Need files = MemoryBudget.needed(0, exports(2, "ahci,image=a#,socket=a#.sock"));
    assertThat(ram.nativeBytes() - files.nativeBytes()).isEqualTo(128 * MIB);
    assertThat(MemoryBudget.needed(4, List.of()).nativeBytes())
        .isGreaterThan(none.nativeBytes() + MIB);
  }

  @Test
  void whatDoesNotFitIsRefusedWithNumbers() {
    MemoryBudget.Need need = new MemoryBudget.Need(100 * MIB + 1, 90 * MIB);
    MemoryBudget.check(need, 101 * MIB, null);
    MemoryBudget.check(need, 101 * MIB, 191 * MIB);
    assertThatThrownBy(() -> MemoryBudget.check(need, 101 * MIB, 191 * MIB - 1))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.HOST_LACKS);
              assertThat(e).hasMessageContaining("may need 191 MiB of memory besides");
              assertThat(e).hasMessageContaining("(101 of it heap)");
              assertThat(e).hasMessageContaining("the limit of its cgroup is 190");
              assertThat(e.remedy()).contains("MemoryMax=191M");
            });
    assertThatThrownBy(() -> MemoryBudget.check(need, 100 * MIB, null))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.HOST_LACKS);
              assertThat(e).hasMessageContaining("101 MiB of Java heap, and has 100");
              assertThat(e.remedy()).contains("-Xmx105m");
            });
  }

  /** Tells how much of its heap a JVM has for objects. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      System.out.println(Runtime.getRuntime().maxMemory());
    }
  }

  /** The collector keeps a part of the heap empty, and Runtime does not count it. */
  @Test
  void theHeapThatTheRemedyNamesIsEnough() throws Exception {
    for (long mib : new long[] {97, 112, 200, 1000}) {
      MemoryBudget.Need need = new MemoryBudget.Need(mib * MIB - 1, 0);
      String remedy = "";
      try {
        MemoryBudget.check(need, HEAP, null);
      } catch (PlatterException e) {
        remedy = String.valueOf(e.remedy());
      }
      Matcher option = Pattern.compile("-Xmx[0-9]+m").matcher(remedy);
      assertThat(option.find()).as(remedy).isTrue();
      Process jvm =
          new ProcessBuilder(
                  ChildJvm.command(
                      Main.class, List.of("-XX:+UseSerialGC", option.group()), List.of()))
              .start();
      String told = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      MemoryBudget.check(need, Long.parseLong(told.strip()), null);
    }
  }

  /** Also one that is added to a server that fitted. */
  @Test
  void anAdditionThatDoesNotFitIsRefused() throws Exception {
    ImageOptions cached = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    List<ExportConfig> disks = new ArrayList<>();
    for (String name : List.of("a", "b")) {
      Path image = directory.resolve(name + ".img");
      try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
        file.setLength(1 << 20);
      }
      disks.add(
          VirtioBlkExport.at(directory.resolve(name + ".sock"), name, image.toString(), cached));
    }
    MemoryBudget.Need one = MemoryBudget.needed(0, disks.subList(0, 1));
    long limit = Runtime.getRuntime().maxMemory() + one.nativeBytes();
    try (Server server =
        Server.start(
            ServeConfig.of(disks.getFirst()),
            (_, _, _, _) -> {},
            SystemdSockets.none(),
            ServerOptions.DEFAULT.withMemoryLimit(limit),
            StartListener.NOBODY)) {
      assertThatThrownBy(() -> server.addExport(disks.getLast()))
          .hasMessageContaining("the limit of its cgroup is");
      assertThat(server.exports()).hasSize(1);
      assertThat(directory.resolve("b.sock")).doesNotExist();
    }
  }
}
