package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.file.FileFacts;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.Extents;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.emulator.result.document.Records;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** The keys and their order are what docs/json.md promises. */
class EnvironmentTest {
  @Test
  void theEnvironmentHasTheDocumentedKeys() {
    Map<String, ?> map = Records.toMap(Environment.ofHost().facts());
    assertThat(map.keySet())
        .containsExactly(
            "platter_version",
            "kernel_release",
            "architecture",
            "cpu_model",
            "cpu_count",
            "cpu_governor",
            "mitigations",
            "memory_bytes",
            "jvm",
            "cgroup",
            "image",
            "storage",
            "loops");
    assertThat(map.get("kernel_release")).isEqualTo(System.getProperty("os.version"));
    assertThat((Long) map.get("cpu_count")).isPositive();
    assertThat((Long) map.get("memory_bytes")).isGreaterThan(1 << 20);
    assertThat(map.get("image")).isNull();
    assertThat(map.get("storage")).isNull();
    assertThat(map.get("cgroup"))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsOnlyKeys("version", "cpus", "memory_bytes", "tasks", "io");
    assertThat(map.get("loops")).isEqualTo(List.of());
    assertThat(map.get("jvm"))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsOnlyKeys("version", "gc", "max_heap_bytes");
  }

  @Test
  void loopsTellTheirRingFlags() {
    Environment environment = Environment.ofHost();
    environment.loop("main", Set.of(), Map.of());
    environment.loop(
        "iothread-0",
        Set.of(SetupFlag.SINGLE_ISSUER, SetupFlag.COOP_TASKRUN),
        Map.of(SetupFlag.NO_SQARRAY, "EINVAL"));
    environment.loop("main", Set.of(SetupFlag.COOP_TASKRUN), Map.of());
    assertThat(JsonFile.render(Map.of("loops", Records.toMap(environment.facts()).get("loops"))))
        .isEqualToIgnoringWhitespace(
            """
            {"loops": [
              {"name": "iothread-0", "ring_flags":
                {"granted": ["COOP_TASKRUN", "SINGLE_ISSUER"], "refused": {"NO_SQARRAY": "EINVAL"}}},
              {"name": "main", "ring_flags": {"granted": ["COOP_TASKRUN"], "refused": {}}}
            ]}\
            """);
  }

  @Test
  void theImageHasTheDocumentedShape() {
    ImageInfo info =
        new ImageInfo(
            "disk.img",
            new FileFacts(
                FileFacts.Type.REGULAR, 67108864, 67112960, 8, 1, 42, 512, 512, true, "ext4"),
            Optional.of(new Extents(2, 3145728, 63963136, 0, 0)),
            Optional.of(new ImageInfo.Direct(512, 512)),
            List.of("pid 4711 (java), write lock"),
            Optional.empty(),
            new DirectWrites(DirectWrites.PuntedWrites.EDGES, "because"));
    assertThat(JsonFile.render(Records.toMap(ImageReport.of(info))))
        .isEqualToIgnoringWhitespace(
            """
            {
              "path": "disk.img",
              "type": "regular",
              "size_bytes": 67108864,
              "allocated_bytes": 67112960,
              "filesystem": "ext4",
              "allocation": "partly_written",
              "extents": {
                "count": 2,
                "written_bytes": 3145728,
                "unwritten_bytes": 63963136,
                "hole_bytes": 0,
                "beyond_end_bytes": 0,
                "shared_bytes": 0
              },
              "o_direct": {"memory_alignment_bytes": 512, "offset_alignment_bytes": 512},
              "lock_holders": ["pid 4711 (java), write lock"],
              "direct_writes_punted": {"verdict": "edges", "reason": "because"},
              "unusable_because": null
            }\
            """);
  }

  @Test
  void whatIsNotKnownIsNull() {
    ImageInfo info =
        new ImageInfo(
            "/dev/vdb",
            new FileFacts(FileFacts.Type.BLOCK_DEVICE, 0, 0, 8, 1, 42, 0, 0, false, "0x1"),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            new DirectWrites(DirectWrites.PuntedWrites.UNKNOWN, "because"));
    assertThat(Records.toMap(ImageReport.of(info)))
        .containsEntry("type", "block_device")
        .containsEntry("allocation", "unknown")
        .containsEntry("extents", null)
        .containsEntry("o_direct", null)
        .containsEntry("unusable_because", "it is empty");
  }
}
