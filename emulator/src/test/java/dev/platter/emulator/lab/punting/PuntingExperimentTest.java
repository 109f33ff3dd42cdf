package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.document.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class PuntingExperimentTest {
  private static final int WRITES = 64;
  private static final PuntingExperiment TINY =
      new PuntingExperiment(new PuntingExperiment.Parameters(WRITES, 2, List.of(1, 4), 900));

  @TempDir Path scratch;
  @TempDir Path images;

  @BeforeEach
  void needsDirectWrites() throws IOException {
    Path probe = Files.write(scratch.resolve("probe"), new byte[4096]);
    ImageInfo info = ImageInspector.inspect(probe.toString());
    Files.delete(probe);
    assumeTrue(info.direct().isPresent(), "no O_DIRECT in the temporary directory");
  }

  @Test
  void tellsWhichWritesArePuntedAndLeavesNothingBehind() throws IOException {
    Finding finding = TINY.run(context(null, () -> false));

    for (Map<String, @Nullable Object> one : maps(finding.details().get("punts"))) {
      assertThat(one.get("failure")).as("%s", one).isNull();
      // What xfs and btrfs punt now and then is not the same each time.
      if ("ext4".equals(one.get("filesystem")) || Integer.valueOf(64).equals(one.get("traced"))) {
        assertThat(one.get("agree")).as("%s", one).isNotEqualTo(false);
      }
      if ("ext4".equals(one.get("filesystem")) && Integer.valueOf(1).equals(one.get("pass"))) {
        switch (String.valueOf(one.get("preallocation"))) {
          case "none", "sparse", "keep_size" -> assertThat(one).containsEntry("refused", WRITES);
          case "written" -> assertThat(one).containsEntry("refused", 0);
          default -> assertThat(one).containsKey("refused"); // depends on the kernel
        }
      }
    }
    Map<String, @Nullable Object> map =
        Records.toMap(finding.result("punting", 1, null, Plant.NONE));
    assertThat(maps(map.get("rows"))).hasSize(2 * 3 * 3);
    assertThat(maps(map.get("rows"))).allSatisfy(row -> assertThat(row).containsEntry("runs", 2L));
    assertThat(map).containsEntry("partial", false);
    assertNothingLeft();
  }

  @Test
  void whatIsPlantedTakesTheSparseFilesPlace() throws IOException {
    FilesystemUnderTest filesystem = new FilesystemUnderTest("scratch", "scratch", scratch, true);
    for (Plant plant : List.of(Plant.PRESENT, Plant.ABSENT)) {
      PuntMeter meter = new PuntMeter(null, WRITES, () -> false, plant);
      List<PuntCase> cases = meter.table(filesystem, doing -> {});
      WriteLayout like = plant == Plant.PRESENT ? WriteLayout.NONE : WriteLayout.WRITTEN;
      assertThat(many(cases, WriteLayout.SPARSE)).isEqualTo(many(cases, like));
    }
    assertNothingLeft();
  }

  private static List<@Nullable Boolean> many(List<PuntCase> cases, WriteLayout layout) {
    List<@Nullable Boolean> many = new ArrayList<>();
    for (PuntCase one : cases) {
      if (one.layout() == layout) {
        many.add(one.count() == null ? null : (Boolean) one.count().many());
      }
    }
    return many;
  }

  @Test
  void theCommandForAnImageHelps() throws Exception {
    Path image = images.resolve("a disk.img");
    WriteLayout.SPARSE.make(image, 64L * DirectWriter.PIECE_BYTES);
    assumeTrue(
        ImageInspector.inspect(image.toString()).directWrites().verdict()
            == DirectWrites.PuntedWrites.ALL,
        "no file system whose sparse images are punted");

    Finding finding = TINY.run(context(image, () -> false));

    assertThat(finding.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(ImageInspector.inspect(image.toString()).facts().allocatedBytes())
        .as("only looked at")
        .isZero();
    String remedy =
        String.valueOf(Records.toMap(finding.result("punting", 1, null, Plant.NONE)).get("remedy"));
    assertThat(remedy).contains(": it ");
    String command = remedy.substring(0, remedy.indexOf(": it "));
    Process shell = new ProcessBuilder("sh", "-c", command).inheritIO().start();
    assertThat(shell.waitFor()).isZero();
    assertThat(TINY.run(context(image, () -> false)).verdict()).isEqualTo(Verdict.NOT_AFFECTED);
    assertNothingLeft();
  }

  @Test
  void interruptedItReturnsWhatItHas() throws IOException {
    Finding none = TINY.run(context(null, () -> true));
    assertThat(none.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(Records.toMap(none.result("punting", 1, null, Plant.NONE)))
        .containsEntry("partial", true);
    assertNothingLeft();

    int[] asked = new int[1];
    Finding some = TINY.run(context(null, () -> ++asked[0] > 9 * WRITES));
    assertThat(maps(some.details().get("punts"))).isNotEmpty();
    assertThat(Records.toMap(some.result("punting", 1, null, Plant.NONE)))
        .containsEntry("partial", true);
    assertNothingLeft();
  }

  @Test
  void whatThereWasNoTimeForIsSaid() throws IOException {
    PuntingExperiment late =
        new PuntingExperiment(new PuntingExperiment.Parameters(WRITES, 2, List.of(1), 0));
    Finding finding = late.run(context(null, () -> false));
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(String.valueOf(finding.details().get("lacking")))
        .contains("0 of " + WriteLayout.values().length + " layouts were tried")
        .contains("not all disks and images were tried");
    assertNothingLeft();
  }

  @Test
  void anImageThatVanishesLosesNothing() throws IOException {
    Path image = Files.write(images.resolve("disk.img"), new byte[4096]);
    LabContext context =
        new LabContext(
            scratch,
            image,
            false,
            () -> !Files.exists(image),
            doing -> {
              try {
                Files.deleteIfExists(image);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    Finding finding = TINY.run(context);
    assertThat(image).doesNotExist();
    assertThat(finding.details()).containsKey("image");
    assertNothingLeft();
  }

  private LabContext context(@Nullable Path image, BooleanSupplier interrupted) {
    return new LabContext(scratch, image, false, interrupted, doing -> {});
  }

  @SuppressWarnings("unchecked") // what Finding's maps hold
  private static List<Map<String, @Nullable Object>> maps(@Nullable Object list) {
    assertThat(list).isInstanceOf(List.class);
    return (List<Map<String, @Nullable Object>>) list;
  }

  private void assertNothingLeft() throws IOException {
    assertThat(HostPowers.loopsBelow(scratch)).isEmpty();
    assertThat(HostPowers.mountsBelow(scratch)).isEmpty();
    assertThat(scratch).isEmptyDirectory();
  }
}
