package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

class DoctorCommandTest {
  @TempDir Path directory;

  @Test
  void thePageFitsAndNamesNobody() throws IOException {
    Cli run = Cli.run("doctor");
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("Kernel\n", "  ok       access ", "\nNothing stops Platter here");
    assertThat(run.out().lines()).hasSizeLessThan(90);
    assertThat(run.out().lines().filter(line -> !line.contains("/")))
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    assertThat(run.out()).doesNotContain(System.getProperty("user.dir"));
    if (host.matches(".{4,}\\d.{4,}")) { // others may be words of the page
      assertThat(run.out()).doesNotContain(host);
    }
  }

  @Test
  void anImageAtFaultExitsWithTwo() throws IOException {
    Path good = Files.write(directory.resolve("good.img"), new byte[1 << 16]);
    Cli fine = Cli.run("doctor", good);
    assertThat(fine.exitCode()).isZero();
    assertThat(fine.out()).contains("Image " + good + "\n", "  ok       image           64 KiB, ");

    Path none = directory.resolve("none.img");
    Cli run = Cli.run("doctor", good, none);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).contains("Image " + good + "\n", "Image " + none + "\n", "\n1 problem");
    String told = "platter: cannot open " + none + ": no such file\n";
    assertThat(run.err()).isEqualTo(told);

    Cli full = Cli.run("doctor", good, none, "--json=/dev/full");
    assertThat(full.exitCode()).isEqualTo(2);
    assertThat(full.err()).startsWith(told + "platter: cannot write JSON to /dev/full: ");
  }

  @Test
  void jsonHasTheDocumentedShape() throws IOException {
    Path json = directory.resolve("doctor.json");
    Cli both = Cli.run("doctor", "--json", json);
    assertThat(both.out()).contains("Kernel\n");
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(document.keySet())
        .containsExactly("schema", "created", "problems", "warnings", "groups");
    assertThat(document).containsEntry("schema", "platter.doctor/1").containsEntry("problems", 0);
    assertThat((List<?>) document.get("groups")).hasSizeGreaterThan(8);

    Cli only = Cli.run("doctor", "--json", "-", directory.resolve("none.img"));
    assertThat(only.exitCode()).isEqualTo(2);
    assertThat(only.err()).contains("\n  try: ");
    assertThat(JSON.std.mapFrom(only.out())).containsEntry("problems", 1);
  }
}
