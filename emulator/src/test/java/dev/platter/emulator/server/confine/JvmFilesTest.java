package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LandlockAbi;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JvmFilesTest {
  @TempDir private Path directory;

  @Test
  void theRunningJvmIsReadAndOnlyItsProgramAndLinkerAreExecuted() throws Exception {
    List<PathRule> rules = JvmFiles.running().rules();
    assertThat(rules)
        .extracting(PathRule::path)
        .contains(Path.of(System.getProperty("java.home")), Path.of("/proc/self/exe"));
    long notRead = ~(PathRule.READ_TREE | LandlockAbi.ACCESS_FS_EXECUTE);
    assertThat(rules).allSatisfy(rule -> assertThat(rule.rights() & notRead).isZero());
    assertThat(rules)
        .filteredOn(rule -> (rule.rights() & LandlockAbi.ACCESS_FS_EXECUTE) != 0)
        .hasSizeLessThanOrEqualTo(2)
        .allSatisfy(rule -> assertThat(rule.path()).isExecutable());
  }

  @Test
  void theLinkerIsWhatTheProgramAsksFor() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    assertThat(JvmFiles.interpreter(java))
        .hasValueSatisfying(linker -> {
          assertThat(linker).exists();
          assertThat(linker.getFileName().toString()).startsWith("ld-");
        });
  }

  @Test
  void aJarBringsItsLibraries() {
    assertThat(JvmFiles.classPath("/opt/platter/platter.jar:/opt/classes"))
        .containsExactly(
            Path.of("/opt/platter/platter.jar"),
            Path.of("/opt/platter/lib"),
            Path.of("/opt/classes"));
  }

  @Test
  void filesAreFoundAmongMappings() {
    assertThat(
            JvmFiles.mapped(
                List.of(
                    "7f00-7f01 r-xp 00000000 fe:00 131  /usr/lib/a b.so",
                    "7f01-7f02 rw-p 00000000 00:00 0 ",
                    "7f02-7f03 r--p 00000000 00:01 9  /memfd:jit (deleted)",
                    "7f03-7f04 r-xp 00000000 00:00 0  [vdso]",
                    "7f04-7f05 r--p 00001000 fe:00 131  /usr/lib/a b.so")))
        .containsExactly(Path.of("/usr/lib/a b.so"));
  }

  @Test
  void linksThatLeadOutOfAJavaAreFollowed() throws Exception {
    Path home = Files.createDirectories(directory.resolve("java"));
    Path etc = Files.createDirectories(directory.resolve("etc/java"));
    Path security = Files.createDirectory(etc.resolve("security"));
    Files.createDirectories(home.resolve("lib/server"));
    Files.createFile(home.resolve("lib/server/libjvm.so"));
    Files.createSymbolicLink(home.resolve("lib/libjvm.so"), Path.of("server/libjvm.so"));
    Files.createSymbolicLink(home.resolve("lib/gone"), Path.of("/nowhere"));
    Files.createSymbolicLink(home.resolve("conf"), etc);
    Files.createSymbolicLink(home.resolve("lib/security"), security);
    assertThat(JvmFiles.linksOutOf(home))
        .containsExactlyInAnyOrder(security.toRealPath(), etc.toRealPath());
  }
}
