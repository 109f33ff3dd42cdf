package dev.platter.devices.block.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What O_DIRECT on a file asks for, told by the kernel and found by trying. */
class DirectAlignmentTest {
  @TempDir Path directory;

  private Path file() throws IOException {
    return Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
  }

  /** What the kernel tells (statx, STATX_DIOALIGN) and what trying finds must agree. */
  @Test
  void alignmentIsFoundByTryingWhereTheKernelDoesNotTell() throws Exception {
    Path path = file();
    try (FileHandle file = FileHandle.open(path.toString(), false, true)) {
      DirectAlignment told = DirectAlignment.of(file, file.facts());
      DirectAlignment tried = DirectAlignment.byTrying(file);
      assertThat(tried.offsetBytes()).isEqualTo(told.offsetBytes());
      assertThat(tried.memoryBytes()).isLessThanOrEqualTo(told.memoryBytes());
    }
  }

  /** A file system may tell of blocks that no buffer here holds whole, or of an odd size. */
  @ParameterizedTest
  @ValueSource(ints = {1 << 20, 96 << 10, 3072})
  void blocksThatCannotBeReadAsOneAreRefused(int blockBytes) throws Exception {
    Path path = file();
    try (FileHandle file = FileHandle.open(path.toString(), false, true)) {
      FileFacts facts = file.facts();
      assertThat(DirectAlignment.of(file, telling(facts, 128 << 10)).offsetBytes())
          .isEqualTo(128 << 10);
      assertThatThrownBy(() -> DirectAlignment.of(file, telling(facts, blockBytes)))
          .isInstanceOfSatisfying(
              PlatterException.class,
              e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT))
          .hasMessageContaining("blocks of " + blockBytes + " bytes");
    }
  }

  private static FileFacts telling(FileFacts facts, int directOffsetAlignment) {
    return new FileFacts(
        facts.type(),
        facts.sizeBytes(),
        facts.allocatedBytes(),
        facts.deviceMajor(),
        facts.deviceMinor(),
        facts.inode(),
        4096,
        directOffsetAlignment,
        true,
        facts.filesystem());
  }
}
