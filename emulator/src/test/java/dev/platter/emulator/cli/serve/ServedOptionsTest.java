package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.server.options.ServeFile;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.server.options.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServedOptionsTest {
  @TempDir private Path directory;

  private Map<String, @Nullable Object> parameters(String yaml) throws IOException {
    Path file = Files.writeString(directory.resolve("p.yaml"), yaml);
    ServeSettings settings = ServeFile.read(file);
    return ServedOptions.of(ServeOptions.of(null, settings.with(ServeSettings.NONE, Map.of())));
  }

  private static Map<?, ?> export(Map<String, @Nullable Object> parameters, int index) {
    return (Map<?, ?>)
        Objects.requireNonNull(
            ((List<?>) Objects.requireNonNull(parameters.get("exports"))).get(index));
  }

  @Test
  void defaultsAreInPlace() throws IOException {
    Map<String, @Nullable Object> parameters =
        parameters(
            """
            export:
              - device: virtio-blk
                image: /a.img
                socket: /a.sock
                cache: writeback
              - device: ahci
                image: /b.img
                socket: /b.sock
                name: sata
            """);
    Map<?, ?> virtio = export(parameters, 0);
    assertThat(virtio.get("device")).isEqualTo("virtio-blk");
    assertThat(virtio.get("poll_max_us")).isEqualTo(12.0);
    assertThat(virtio.get("queues")).isEqualTo(1);
    assertThat(virtio.get("queue_size")).isEqualTo(256);
    assertThat(virtio.get("images"))
        .isEqualTo(
            List.of(
                Map.of(
                    "index",
                    0,
                    "image",
                    "/a.img",
                    "read_only",
                    false,
                    "cache",
                    "writeback",
                    "discard",
                    true,
                    "logical_block_bytes",
                    512,
                    "lock",
                    true)));
    assertThat(export(parameters, 1).get("name")).isEqualTo("sata");
    assertThat(export(parameters, 1).get("poll_max_us")).isEqualTo(200.0);
    assertThat(parameters)
        .containsKeys("iothreads", "metrics", "io_workers", "confine", "java_options");
    assertThat(JsonFile.render(parameters)).contains("\"guest_memory_bytes\" : null");
  }
}
