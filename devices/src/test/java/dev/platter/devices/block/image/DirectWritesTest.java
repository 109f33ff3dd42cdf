package dev.platter.devices.block.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.file.FileFacts;
import dev.platter.devices.block.image.DirectWrites.PuntedWrites;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DirectWritesTest {
  private static final String NEW = "6.18.44-generic";

  @Test
  void holesArePunted() {
    assertThat(verdict("ext4", new Extents(0, 0, 0, 8192, 0), NEW)).isEqualTo(PuntedWrites.ALL);
    assertThat(verdict("ext4", new Extents(1, 4096, 0, 4096, 0), NEW))
        .isEqualTo(PuntedWrites.HOLES);
    assertThat(verdict("ext4", new Extents(1, 0, 4096, 4096, 0), "6.1.0-32-amd64"))
        .isEqualTo(PuntedWrites.HOLES);
  }

  @Test
  void unwrittenSpaceIsPuntedAtItsEdgesOnNewKernels() {
    Extents unwritten = new Extents(1, 0, 8192, 0, 0);
    assertThat(verdict("ext4", unwritten, NEW)).isEqualTo(PuntedWrites.EDGES);
    assertThat(verdict("ext4", unwritten, "6.12.25")).isEqualTo(PuntedWrites.EDGES);
    assertThat(verdict("ext4", unwritten, "7.0-rc1")).isEqualTo(PuntedWrites.EDGES);
    assertThat(verdict("ext4", unwritten, "6.1.0-32-amd64")).isEqualTo(PuntedWrites.UNKNOWN);
    assertThat(verdict("ext4", unwritten, "")).isEqualTo(PuntedWrites.UNKNOWN);
  }

  @Test
  void writtenSpaceIsPuntedAtBordersOnly() {
    assertThat(verdict("ext4", new Extents(1, 8192, 0, 0, 0), NEW)).isEqualTo(PuntedWrites.NONE);
    assertThat(verdict("ext4", new Extents(3, 8192, 0, 0, 0), NEW)).isEqualTo(PuntedWrites.EDGES);
  }

  @Test
  void sharedSpaceIsPunted() {
    assertThat(verdict("xfs", new Extents(1, 8192, 0, 0, 0, 8192), NEW))
        .isEqualTo(PuntedWrites.ALL);
    assertThat(verdict("xfs", new Extents(2, 4096, 4096, 0, 0, 4096), NEW))
        .isEqualTo(PuntedWrites.HOLES);
    assertThat(verdict("xfs", new Extents(1, 4096, 0, 4096, 0, 4096), NEW))
        .isEqualTo(PuntedWrites.HOLES);
  }

  @Test
  void xfsPuntsInEachTick() {
    assertThat(verdict("xfs", new Extents(0, 0, 0, 8192, 0), "5.15.0")).isEqualTo(PuntedWrites.ALL);
    assertThat(verdict("xfs", new Extents(1, 0, 8192, 0, 0), NEW)).isEqualTo(PuntedWrites.TICKS);
    assertThat(verdict("xfs", new Extents(1, 8192, 0, 0, 0), NEW)).isEqualTo(PuntedWrites.TICKS);
    assertThat(verdict("xfs", new Extents(1, 8192, 0, 0, 0), "6.12.25"))
        .isEqualTo(PuntedWrites.UNKNOWN);
  }

  @Test
  void btrfsPuntsAllUnlessItOverwrites() {
    Extents written = new Extents(1, 8192, 0, 0, 0);
    assertThat(verdict("btrfs", written, NEW)).isEqualTo(PuntedWrites.ALWAYS);
    assertThat(nocow(written, NEW)).isEqualTo(PuntedWrites.NONE);
    assertThat(nocow(new Extents(1, 0, 8192, 0, 0), NEW)).isEqualTo(PuntedWrites.EDGES);
    assertThat(nocow(new Extents(0, 0, 0, 8192, 0), NEW)).isEqualTo(PuntedWrites.ALL);
    assertThat(nocow(new Extents(1, 8192, 0, 0, 0, 8192), NEW)).isEqualTo(PuntedWrites.ALL);
    assertThat(nocow(written, "6.12.25")).isEqualTo(PuntedWrites.UNKNOWN);
  }

  @Test
  void nothingIsClaimedOfOtherFileSystems() {
    assertThat(verdict("f2fs", new Extents(1, 8192, 0, 0, 0), NEW)).isEqualTo(PuntedWrites.UNKNOWN);
    assertThat(forecast(FileFacts.Type.REGULAR, "ext4", Optional.empty(), false, NEW))
        .isEqualTo(PuntedWrites.UNKNOWN);
    assertThat(forecast(FileFacts.Type.BLOCK_DEVICE, "ext4", Optional.empty(), false, NEW))
        .isEqualTo(PuntedWrites.UNKNOWN);
  }

  private static PuntedWrites verdict(String filesystem, Extents extents, String kernel) {
    return forecast(FileFacts.Type.REGULAR, filesystem, Optional.of(extents), false, kernel);
  }

  private static PuntedWrites nocow(Extents extents, String kernel) {
    return forecast(FileFacts.Type.REGULAR, "btrfs", Optional.of(extents), true, kernel);
  }

  private static PuntedWrites forecast(
      FileFacts.Type type,
      String filesystem,
      Optional<Extents> extents,
      boolean nocow,
      String kernel) {
    return DirectWrites.forecast(facts(type, filesystem), extents, nocow, kernel).verdict();
  }

  private static FileFacts facts(FileFacts.Type type, String filesystem) {
    return new FileFacts(type, 8192, 8192, 8, 1, 42, 512, 512, true, filesystem);
  }
}
