package dev.platter.emulator.server.embed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.store.StoreDisk;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.server.StreamEventLog;
import java.io.File;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** What docs/embedding.md says that a program can do without. */
@Tag("slow")
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class DependencySetTest {
  /** What the pom calls optional, and what comes with it. */
  private static final String OF_THE_COMMAND_LINE =
      "picocli-|snakeyaml-engine-|platter-guest-images-|commons-compress-|commons-codec-"
          + "|commons-io-|commons-lang3-|xz-";

  private static final String OF_METRICS = "micrometer-|prometheus-metrics-";

  @TempDir private Path directory;

  /** Serves disks, looks at the server, quiesces it, and ends. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      Path directory = Path.of(arguments[0]);
      PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
      try (StreamEventLog log = StreamEventLog.text(out);
          StoreDisk first = disk("first");
          StoreDisk second = disk("second")) {
        DiskServer.Builder builder =
            DiskServer.with(log)
                .virtioBlk("vda", directory.resolve("vda.sock"), first, 2)
                .ahci("sata", directory.resolve("sata.sock"), List.of(second))
                .control(directory.resolve("ctl.sock"))
                .stages();
        if (arguments.length > 1) {
          builder.metrics(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        }
        try (DiskServer server = builder.start()) {
          server.server().quiesce();
          server.server().resume();
          out.println("served " + server.server().exports().size());
        }
      }
    }

    private static StoreDisk disk(String name) {
      return new StoreDisk(name, new OwnDisk().on(Executors.newVirtualThreadPerTaskExecutor()));
    }
  }

  private ChildProcess.Ended runWithout(String jars, String... arguments) throws Exception {
    Pattern absent = Pattern.compile("(?:" + jars + ").*\\.jar");
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(entry -> !absent.matcher(new File(entry).getName()).matches())
            .filter(entry -> !entry.contains("guest-images")) // a build's own classes
            .collect(Collectors.joining(File.pathSeparator));
    List<String> words = new ArrayList<>(List.of(directory.toString()));
    words.addAll(List.of(arguments));
    List<String> command = ChildJvm.command(Main.class, List.of(), words);
    command.set(command.indexOf("-cp") + 1, classPath);
    return ChildProcess.run(new ProcessBuilder(command).redirectErrorStream(true));
  }

  @Test
  void aProgramNeedsNoneOfTheCommandLinesLibraries() throws Exception {
    ChildProcess.Ended ended = runWithout(OF_THE_COMMAND_LINE, "metrics");
    assertThat(ended.output()).contains("served 2").doesNotContain("Exception");
    assertThat(ended.exitCode()).isZero();
  }

  @Test
  void withoutMetricsItNeedsNoLibraryOfTheirs() throws Exception {
    ChildProcess.Ended ended = runWithout(OF_THE_COMMAND_LINE + "|" + OF_METRICS);
    assertThat(ended.output()).contains("served 2").doesNotContain("Exception");
    assertThat(ended.exitCode()).isZero();
  }
}
