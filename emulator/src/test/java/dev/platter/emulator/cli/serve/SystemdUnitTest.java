package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.options.ServeFile;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.server.options.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The units and the sample configuration in deploy/systemd. */
class SystemdUnitTest {
  private static final Path SYSTEMD = Path.of("deploy", "systemd");

  @TempDir private Path directory;

  /** The values of each {@code section.key}, in order. */
  private static Map<String, List<String>> unit(String name) throws IOException {
    Map<String, List<String>> values = new LinkedHashMap<>();
    String section = "";
    for (String line : Files.readAllLines(SYSTEMD.resolve(name))) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (line.startsWith("[")) {
        assertThat(line).endsWith("]");
        section = line.substring(1, line.length() - 1);
      } else {
        assertThat(line).contains("=").doesNotContain(" =").doesNotEndWith("\\");
        int equals = line.indexOf('=');
        values
            .computeIfAbsent(section + "." + line.substring(0, equals), _ -> new ArrayList<>())
            .add(line.substring(equals + 1));
      }
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Type|notify",
        "User|platter",
        "NoNewPrivileges|yes",
        "CapabilityBoundingSet|''",
        "AmbientCapabilities|''",
        "UMask|0077",
        "RuntimeDirectory|platter",
        "RuntimeDirectoryMode|0700",
        "StateDirectoryMode|0700",
        "SystemCallArchitectures|native",
        "SystemCallErrorNumber|EPERM",
        // A JVM compiles.
        "MemoryDenyWriteExecute|no",
        "LockPersonality|yes",
        "RestrictAddressFamilies|AF_UNIX AF_INET AF_INET6",
        "RestrictNamespaces|yes",
        "RestrictRealtime|yes",
        "RestrictSUIDSGID|yes",
        "ProtectSystem|strict",
        "ProtectHome|yes",
        "PrivateTmp|yes",
        "PrivateDevices|yes",
        "ProtectClock|yes",
        "ProtectControlGroups|yes",
        "ProtectHostname|yes",
        "ProtectKernelLogs|yes",
        "ProtectKernelModules|yes",
        "ProtectKernelTunables|yes",
        "LimitMEMLOCK|64M",
        "LimitNOFILE|16384",
        "LimitCORE|0",
        "Restart|on-failure",
        "RestartPreventExitStatus|2",
        "OOMPolicy|stop",
        "TimeoutStopSec|2min",
      })
  void theServiceIsFencedIn(String key, String value) throws IOException {
    assertThat(unit("platter.service")).containsEntry("Service." + key, List.of(value));
  }

  @Test
  void theServiceMayUseIoUringAndLandlockAndPinItsThreads() throws IOException {
    List<String> filter =
        unit("platter.service").getOrDefault("Service.SystemCallFilter", List.of());
    // The first says that what is not named is refused; later ones add and take away.
    assertThat(filter.getFirst())
        .isEqualTo("@system-service io_uring_setup io_uring_enter io_uring_register");
    assertThat(filter)
        .containsSubsequence(
            "landlock_create_ruleset landlock_add_rule landlock_restrict_self",
            "~@privileged @resources @keyring @setuid",
            "sched_setaffinity");
  }

  @Test
  void theServiceIsStartedWithOptionsThereAre() throws IOException {
    String start = unit("platter.service").getOrDefault("Service.ExecStart", List.of()).getFirst();
    assertThat(start).startsWith("/opt/platter/platter serve ");
    String help = Cli.run("serve", "--help").out();
    assertThat(List.of(start.split(" ")))
        .filteredOn(word -> word.startsWith("--"))
        .isNotEmpty()
        .allSatisfy(option -> assertThat(help).containsPattern("(?m)^ +" + option + "[= ]"));
  }

  @Test
  void theSampleConfigurationIsOne() throws IOException {
    ServeSettings sample = ServeFile.read(SYSTEMD.resolve("platter.yaml"));
    ServeOptions options = ServeOptions.of(null, sample.with(ServeSettings.NONE, Map.of()));
    Path runtime = Path.of("/run/platter"); // which is the unit's RuntimeDirectory
    assertThat(options.control()).hasParentRaw(runtime);
    assertThat(options.config().exports())
        .extracting("endpoint")
        .containsExactly(new Endpoint.SocketPath(runtime.resolve("vda.sock")));
  }

  @Test
  void whatTheSampleOffersInCommentsIsRightToo() throws IOException {
    String sample = Files.readString(SYSTEMD.resolve("platter.yaml"));
    Path full = directory.resolve("full.yaml");
    Files.writeString(full, sample.replaceAll("(?m)^#  (?=- |  )", "  "));
    assertThat(ServeFile.read(full).exports())
        .extracting(export -> export.value().kind())
        .containsExactlyElementsOf(ExportKinds.ALL);
  }

  @Test
  void theSocketIsTheServices() throws IOException {
    assertThat(unit("platter-vda.socket"))
        .containsEntry("Socket.Service", List.of("platter.service"))
        .containsEntry("Socket.FileDescriptorName", List.of("vda"));
  }
}
