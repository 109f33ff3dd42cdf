package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.sys.Landlock;
import dev.platter.emulator.ChildJvm;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** What a process that has confined itself can still do: the kernel's answers, not our rules. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ConfinementProcessTest {
  private static final String TEXT = "'quoted' \"text\" $HOME";

  // Executes the child with one argument more, whose bytes the JVM of this test need not know.
  private static final String ANY = "exec \"$@\" \"$(printf 'gr\\303\\266\\303\\237e')\"";

  @TempDir private Path directory;
  private final int abi = Landlock.landlockAbi();
  private Process victim;
  private long pid;
  private int exitCode;

  @BeforeEach
  void prepare() throws Exception {
    for (String name : List.of("run", "more", "written")) {
      Files.createDirectory(directory.resolve(name));
    }
    for (String name : List.of("disk.img", "other.img", "secret", "more/added.img")) {
      try (RandomAccessFile file = new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
        file.setLength(1 << 20);
      }
    }
    victim = new ProcessBuilder("sleep", "600").start();
  }

  @AfterEach
  void end() {
    victim.destroyForcibly();
  }

  /** Runs the child, with two descriptors open and whatever the shell is to set up besides. */
  private Map<String, String> child(String setup) throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<String> command = new ArrayList<>();
      command.addAll(List.of("sh", "-c", setup + "exec 7</dev/null 8</dev/null; " + ANY, "-"));
      String port = Integer.toString(listening.getLocalPort());
      command.addAll(
          ChildJvm.command(
              ConfinedChild.class,
              List.of("-Dstdout.encoding=UTF-8"),
              List.of(directory.toString(), Long.toString(victim.pid()), port, TEXT)));
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("LC_ALL", "C.UTF-8");
      Process process = builder.start();
      pid = process.pid();
      Map<String, String> told = told(process);
      exitCode = process.waitFor();
      return told;
    }
  }

  private static Map<String, String> told(Process process) throws IOException {
    Map<String, String> told = new LinkedHashMap<>();
    for (String line :
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList()) {
      int equals = line.indexOf('=');
      told.put(equals < 0 ? line : line.substring(0, equals), line.substring(equals + 1));
    }
    return told;
  }

  @Test
  void staysTheSameProgramAndProcess() throws Exception {
    Map<String, String> told = child("");
    assertThat(told).as("%s", told).containsEntry("pid", Long.toString(pid));
    assertThat(told)
        .containsEntry("text", TEXT)
        .containsEntry("name", "größe")
        .containsEntry("privileges", "true")
        .containsEntry("fd7", "false") // nobody's
        .containsEntry("fd8", "true"); // an export's
    assertThat(told.get("state")).contains("no_new_privs=true", "dumpable=false");
    assertThat(exitCode).isZero();
  }

  /** An agent, and a log that the JVM finds and writes to. */
  @Test
  void optionsOfTheEnvironmentHoldForTheConfinedJvm() throws Exception {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", ConfinedChild.Agent.class.getName());
    Path agent = directory.resolve("agent.jar");
    new JarOutputStream(Files.newOutputStream(agent), manifest).close();
    Path log = Files.createFile(directory.resolve("more/gc.log"));
    Map<String, String> told =
        child(
            "export JAVA_TOOL_OPTIONS='-javaagent:%s=there -Xlog:startuptime:file=%s::filecount=0'; "
                .formatted(agent, log));
    assertThat(told)
        .as("%s", told)
        .containsEntry("agent", "there")
        .containsEntry("privileges", "true");
    assertThat(told.get("note"))
        .isEqualTo(
            "platter: the agent is confined, too: -javaagent:%s=there of JAVA_TOOL_OPTIONS"
                .formatted(agent));
    assertThat(log).isNotEmptyFile();
    assertThat(exitCode).isZero();
  }

  @Test
  void anOptionThatCannotWorkIsRefusedBeforeTheJvmFails() throws Exception {
    assumeTrue(abi > 0, () -> "needs Landlock: " + new LandlockLevel(abi).reason());
    Map<String, String> told = child("export JDK_JAVA_OPTIONS=-XX:StartFlightRecording; ");
    assertThat(told.get("refused"))
        .isEqualTo(
            "a confined server cannot run with the JVM option"
                + " -XX:StartFlightRecording of JDK_JAVA_OPTIONS");
    assertThat(exitCode).isEqualTo(2);
  }

  @Test
  void filesAreReachedOnlyAsPlanned() throws Exception {
    assumeTrue(abi > 0, () -> "needs Landlock: " + new LandlockLevel(abi).reason());
    Map<String, String> told = child("");
    assertThat(told)
        .containsEntry("image", "opened")
        .containsEntry("added", "opened")
        .containsEntry("secret", "EACCES")
        .containsEntry("secret-on-thread", "EACCES")
        .containsEntry("passwords", "EACCES")
        .containsEntry("write-image", "done")
        .containsEntry("listen", "done")
        .containsEntry("write-document", "done")
        .containsEntry("write-scratch", "done")
        .containsEntry("scratch-left", "false");
    for (String refused :
        List.of(
            "write-readonly",
            "make-file",
            "make-beside",
            "remove-image",
            "link-image",
            "execute")) {
      assertThat(told.get(refused)).as(refused).startsWith("refused ");
    }
    assertThat(told.get("state")).contains("landlock=abi " + abi);
    assertThat(directory.resolve("disk.img")).hasSize(1 << 20);
  }

  @Test
  void theNetworkIsOutOfReach() throws Exception {
    assumeTrue(abi >= 4, () -> "needs Landlock ABI 4, has " + abi);
    Map<String, String> told = child("");
    assertThat(told.get("bind")).startsWith("refused ").contains("Permission denied");
    assertThat(told.get("connect")).startsWith("refused ").contains("Permission denied");
  }

  @Test
  void otherProcessesGetNoSignals() throws Exception {
    assumeTrue(abi >= 6, () -> "needs Landlock ABI 6, has " + abi);
    assertThat(child("").get("signal")).startsWith("refused ");
    assertThat(victim.isAlive()).isTrue();
  }

  @Test
  void whoOnlyClaimsToBeConfinedIsRefused() throws Exception {
    Map<String, String> told = child("export PLATTER_CONFINED=$$:7:/; ");
    assertThat(told).containsOnlyKeys("refused");
    assertThat(told.get("refused")).contains("claims to be confined and is not");
    assertThat(exitCode).isEqualTo(1);
  }

  @Test
  void theMarkOfAnotherProcessMeansNothing() throws Exception {
    Map<String, String> told = child("export PLATTER_CONFINED=1:7:/; ");
    assertThat(told).containsEntry("privileges", "true");
    assertThat(exitCode).isZero();
  }
}
