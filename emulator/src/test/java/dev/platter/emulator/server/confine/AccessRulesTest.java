package dev.platter.emulator.server.confine;

import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_EXECUTE;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_IOCTL_DEV;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_MAKE_REG;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_MAKE_SOCK;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_READ_DIR;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_READ_FILE;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_REMOVE_FILE;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_TRUNCATE;
import static dev.platter.aio.abi.LandlockAbi.ACCESS_FS_WRITE_FILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.file.FileFacts;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessRulesTest {
  private static final JvmFiles NO_JVM = new JvmFiles(List.of());
  private static final long WRITES =
      ACCESS_FS_WRITE_FILE
          | ACCESS_FS_TRUNCATE
          | ACCESS_FS_MAKE_REG
          | ACCESS_FS_MAKE_SOCK
          | ACCESS_FS_REMOVE_FILE
          | ACCESS_FS_EXECUTE;

  private final ConfinementPlan plan =
      ConfinementPlan.of(
          Mode.ON,
          ServeConfig.of(
              VirtioBlkExport.at(
                  Path.of("/run/a/vda.sock"), "vda", "/srv/a.img", ImageOptions.WRITABLE),
              VirtioBlkExport.at(
                  Path.of("/run/b/vdb.sock"), "vdb", "/srv/b.img", ImageOptions.READ_ONLY)));

  @TempDir private Path directory;

  private static long rights(ConfinementPlan plan, String path) {
    return AccessRules.of(plan, NO_JVM).stream()
        .filter(rule -> rule.path().equals(Path.of(path)))
        .mapToLong(PathRule::rights)
        .reduce(0, (a, b) -> a | b);
  }

  @Test
  void anImageIsOpenedAsItIsServed() {
    assertThat(rights(plan, "/srv/a.img"))
        .isEqualTo(ACCESS_FS_READ_FILE | ACCESS_FS_WRITE_FILE | ACCESS_FS_IOCTL_DEV);
    assertThat(rights(plan, "/srv/b.img")).isEqualTo(ACCESS_FS_READ_FILE | ACCESS_FS_IOCTL_DEV);
    assertThat(rights(plan, "/srv")).isZero();
  }

  @Test
  void aDiskInMemoryNeedsNoFile() {
    ConfinementPlan ram =
        ConfinementPlan.of(
            Mode.ON,
            ServeConfig.of(
                VirtioBlkExport.at(
                    Path.of("/run/a/vda.sock"), "vda", "ram:1M", ImageOptions.WRITABLE)));
    assertThat(AccessRules.of(ram, NO_JVM)).noneMatch(rule -> rule.path().endsWith("ram:1M"));
  }

  @Test
  void onlyAServerWithAControlSocketResizes() {
    ConfinementPlan controlled = plan.controlledAt(Path.of("/run/c/control.sock"));
    assertThat(rights(controlled, "/srv/a.img") & ACCESS_FS_TRUNCATE).isNotZero();
    assertThat(rights(controlled, "/srv/b.img") & ACCESS_FS_TRUNCATE).isZero();
    assertThat(rights(controlled, "/run/c")).isEqualTo(ACCESS_FS_MAKE_SOCK | ACCESS_FS_REMOVE_FILE);
    assertThat(rights(plan, "/srv/a.img") & ACCESS_FS_TRUNCATE).isZero();
  }

  @Test
  void aSocketDirectoryTakesSocketsAndNothingElse() {
    assertThat(rights(plan, "/run/a")).isEqualTo(ACCESS_FS_MAKE_SOCK | ACCESS_FS_REMOVE_FILE);
    assertThat(rights(plan, "/run/b")).isEqualTo(rights(plan, "/run/a"));
  }

  @Test
  void whatIsAllowedForLaterIsReadAndWrittenButNothingIsMadeThere() {
    ConfinementPlan allowing = plan.allowing(List.of(Path.of("/srv/more")));
    assertThat(rights(allowing, "/srv/more"))
        .isEqualTo(
            ACCESS_FS_READ_FILE
                | ACCESS_FS_READ_DIR
                | ACCESS_FS_WRITE_FILE
                | ACCESS_FS_TRUNCATE
                | ACCESS_FS_IOCTL_DEV);
  }

  @Test
  void aDocumentIsWrittenBesideItsPlaceWhereALinkLeads() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path target = Files.createFile(elsewhere.resolve("stages.json"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), target);
    assertThat(rights(plan.writing(link), elsewhere.toRealPath().toString()) & ACCESS_FS_MAKE_REG)
        .isNotZero();
    assertThat(
            rights(plan.writing(directory.resolve("new")), directory.toString())
                & ACCESS_FS_MAKE_REG)
        .isNotZero();
  }

  @Test
  void nothingOfTheSystemIsWrittenButDevNull() {
    ConfinementPlan all =
        plan.listeningOn(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9100))
            .reading(Path.of("/etc/platter.yaml"));
    assertThat(AccessRules.of(all, NO_JVM))
        .filteredOn(rule -> !rule.path().startsWith("/srv") && !rule.path().startsWith("/run"))
        .filteredOn(rule -> (rule.rights() & WRITES) != 0)
        .extracting(rule -> rule.path().toString())
        .containsExactly("/dev/null");
    assertThat(rights(all, "/etc/platter.yaml") & ACCESS_FS_READ_FILE).isNotZero();
    assertThat(rights(all, "/etc/hosts")).isEqualTo(ACCESS_FS_READ_FILE);
    assertThat(rights(plan, "/etc/hosts")).isZero();
    for (String never : List.of("/", "/etc", "/tmp", "/dev", "/home", "/root", "/var")) {
      assertThat(rights(all, never)).as(never).isZero();
    }
  }

  @Test
  void aRuleIsCutToWhatTheFileIsAndTheKernelKnows() {
    long first = new LandlockLevel(1).handledFs();
    long newest = new LandlockLevel(7).handledFs();
    PathRule images = PathRule.required(Path.of("/srv"), PathRule.IMAGES);
    assertThat(images.rightsFor(FileFacts.Type.DIRECTORY, newest)).isEqualTo(PathRule.IMAGES);
    assertThat(images.rightsFor(FileFacts.Type.REGULAR, newest))
        .isEqualTo(PathRule.IMAGES & ~ACCESS_FS_READ_DIR);
    assertThat(images.rightsFor(FileFacts.Type.REGULAR, first))
        .isEqualTo(ACCESS_FS_READ_FILE | ACCESS_FS_WRITE_FILE);
    PathRule sockets = PathRule.required(Path.of("/run"), PathRule.SOCKETS);
    assertThat(sockets.rightsFor(FileFacts.Type.REGULAR, newest)).isZero();
  }

  @Test
  void aDiskIsARegularFileOrABlockDevice() {
    PathRule disk = PathRule.disk(Path.of("/srv/a.img"), PathRule.READ_WRITE);
    assertThat(disk.accepts(FileFacts.Type.REGULAR)).isTrue();
    assertThat(disk.accepts(FileFacts.Type.BLOCK_DEVICE)).isTrue();
    assertThat(disk.accepts(FileFacts.Type.DIRECTORY)).isFalse();
    assertThat(disk.accepts(FileFacts.Type.OTHER)).isFalse();
  }

  @Test
  void aDeviceIsWrittenInPlaceAndNothingBesideIt() {
    ConfinementPlan writing = plan.writing(Path.of("/dev/zero"));
    assertThat(rights(writing, "/dev")).isZero();
    assertThat(rights(writing, "/dev/zero") & ACCESS_FS_WRITE_FILE).isNotZero();
  }

  @Test
  void whatLiesBesideADocumentIsNotRead() {
    long rights = rights(plan.writing(directory.resolve("new")), directory.toString());
    assertThat(rights & (ACCESS_FS_READ_FILE | ACCESS_FS_READ_DIR)).isZero();
  }
}
