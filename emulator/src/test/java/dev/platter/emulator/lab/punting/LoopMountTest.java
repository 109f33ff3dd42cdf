package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.host.HostProgram;
import dev.platter.emulator.lab.Plant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("slow")
class LoopMountTest {
  @TempDir Path scratch;

  @ParameterizedTest
  @EnumSource(LoopFilesystem.class)
  void isSeenByItsThreadAloneAndLeavesNothingBehind(LoopFilesystem type) throws IOException {
    HostPowers.assumeLoops(type);
    String found =
        PrivateMounts.run(
            "mounting",
            refused -> {
              assertThat(refused).isNull();
              try (LoopMount mount = LoopMount.of(type, scratch)) {
                Path file = Files.writeString(mount.directory().resolve("file"), "here");
                // That of the process is that of its main thread.
                assertThat(HostPowers.mountsBelow(scratch)).isEmpty();
                return ImageInspector.inspect(file.toString()).facts().filesystem();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(found).isEqualTo(type.toString());
    assertNothingLeft();
  }

  @Test
  void aFailureLeavesNothingBehind() throws IOException {
    HostPowers.assumeLoops(LoopFilesystem.EXT4);
    assertThatThrownBy(() ->
            PrivateMounts.run(
                "failing",
                refused -> {
                  try (LoopMount _ = LoopMount.of(LoopFilesystem.EXT4, scratch)) {
                    throw new IllegalStateException("expected");
                  }
                }))
        .hasMessage("expected");
    assertNothingLeft();
  }

  @Test
  void whatCannotBeMountedIsSaidAndLeavesNothingBehind() throws IOException {
    HostPowers.assumeLoops(LoopFilesystem.EXT4);
    assertThatThrownBy(() ->
            PrivateMounts.run(
                "refused", refused -> LoopMount.of(LoopFilesystem.EXT4, Path.of("/proc/self"))))
        .isInstanceOf(PlatterException.class)
        .satisfies(e ->
            assertThat(((PlatterException) e).kind()).isEqualTo(PlatterException.Kind.HOST_LACKS))
        .hasMessageStartingWith("no ext4 was tried: ");
  }

  /** The rule that forecasts rest on, tried on the file systems that it names. */
  @ParameterizedTest
  @EnumSource(
      names = {"XFS", "BTRFS"},
      value = LoopFilesystem.class)
  void forecastsAreWhatIsSeen(LoopFilesystem type) throws IOException {
    HostPowers.assumeLoops(type);
    boolean done =
        PrivateMounts.run(
            "forecasts",
            refused -> {
              try (LoopMount mount = LoopMount.of(type, scratch)) {
                for (WriteLayout layout : WriteLayout.values()) {
                  check(mount.directory(), layout);
                }
                shared(mount.directory());
                if (type == LoopFilesystem.BTRFS) {
                  Path nocow = mount.directory().resolve("nocow");
                  assertThat(HostProgram.run("mkdir", nocow.toString()).ok()).isTrue();
                  assertThat(HostProgram.run("chattr", "+C", nocow.toString()).ok()).isTrue();
                  for (WriteLayout layout : WriteLayout.values()) {
                    check(nocow, layout);
                  }
                  shared(nocow);
                }
                return true;
              }
            });
    assertThat(done).isTrue();
    assertNothingLeft();
  }

  private static void check(Path directory, WriteLayout layout) {
    if (layout == WriteLayout.NONE || layout == WriteLayout.KEEP_SIZE) {
      return; // empty files: no images
    }
    check(directory, layout.toString(), file -> layout.make(file, 64L * DirectWriter.PIECE_BYTES));
  }

  private static void shared(Path directory) {
    check(
        directory,
        "reflink",
        file -> {
          Path original = file.resolveSibling("original");
          try {
            Files.deleteIfExists(original);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          WriteLayout.WRITTEN.make(original, 64L * DirectWriter.PIECE_BYTES);
          assertThat(
                  HostProgram.run("cp", "--reflink=always", original.toString(), file.toString())
                      .ok())
              .isTrue();
        });
  }

  private static void check(Path directory, String what, PuntMeter.Preparation preparation) {
    DirectWrites[] forecast = new DirectWrites[1];
    PuntCount seen =
        new PuntMeter(null, 64, () -> false, Plant.NONE)
            .count(
                directory,
                file -> {
                  preparation.make(file);
                  forecast[0] = ImageInspector.inspect(file.toString()).directWrites();
                },
                1)
            .getFirst();
    assertThat(seen.refused()).isNotNull();
    switch (forecast[0].verdict()) {
      case ALL, ALWAYS -> assertThat(seen.refused()).as(what).isEqualTo(64);
      // btrfs punts one that would wait for a lock now and then, xfs one in each tick.
      case NONE, EDGES, TICKS ->
          assertThat((long) seen.refused()).as(what).isLessThanOrEqualTo(16 + seen.ticks());
      case HOLES, UNKNOWN -> assertThat(forecast[0].reason()).as(what).contains("not tried");
    }
  }

  private void assertNothingLeft() throws IOException {
    assertThat(HostPowers.loopsBelow(scratch)).isEmpty();
    assertThat(HostPowers.mountsBelow(scratch)).isEmpty();
    assertThat(scratch).isEmptyDirectory();
  }
}
