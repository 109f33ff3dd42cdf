package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.options.ServeFile;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.server.options.ServeSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ServedStagesTest {
  @TempDir private Path directory;

  private ServeOptions options() throws IOException {
    StringBuilder text = new StringBuilder("stages: D/stages.json\nexport:\n");
    for (int i = 0; i < 4; i++) {
      text.append("  - {device: ahci, image: 'ram:1M', socket: D/").append(i).append(".sock}\n");
    }
    Path file =
        Files.writeString(
            directory.resolve("p.yaml"), text.toString().replace("D/", directory + "/"));
    ServeSettings settings = ServeFile.read(file);
    return ServeOptions.of(null, settings.with(ServeSettings.NONE, Map.of()));
  }

  private static long openAccounts() throws IOException {
    try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.filter(ServedStagesTest::isAccount).count();
    }
  }

  private static boolean isAccount(Path fd) {
    try {
      return Files.readSymbolicLink(fd).endsWith("schedstat");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  /** The budget of descriptors counts none for it; an observer reads one account at a time. */
  @Test
  void noLoopHasItsAccountHeldOpen() throws Exception {
    ServeOptions options = options();
    try (Server server = Server.start(options.config(), (_, _, _, _) -> {});
        ServedStages stages = ServedStages.begin(options, server)) {
      assertThat(server.loops()).hasSizeGreaterThan(4);
      assertThat(openAccounts()).isLessThan(server.loops().size());
      stages.write("serve", new PrintWriter(new StringWriter()));
    }
    assertThat(directory.resolve("stages.json")).isNotEmptyFile();
  }
}
