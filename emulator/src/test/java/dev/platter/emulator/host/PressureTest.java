package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PressureTest {
  @TempDir Path directory;

  @Test
  void takesTheTotals() {
    assertThat(
            Pressure.parse(
                List.of(
                    "some avg10=0.05 avg60=0.10 avg300=0.06 total=2707568",
                    "full avg10=0.05 avg60=0.10 avg300=0.06 total=2515398")))
        .isEqualTo(new Pressure(2707568, 2515398L));
  }

  @Test
  void fullMayBeMissing() {
    assertThat(Pressure.parse(List.of("some avg10=0.00 avg60=0.00 avg300=0.00 total=1")))
        .isEqualTo(new Pressure(1, null));
  }

  @Test
  void whatIsNoPressureFileIsNone() {
    assertThat(Pressure.parse(List.of())).isNull();
    assertThat(Pressure.parse(List.of("some avg10=0.00 total="))).isNull();
    assertThat(Pressure.parse(List.of("some avg10=0.00 total=-1"))).isNull();
    assertThat(Pressure.parse(List.of("some avg10=0.00 total=99999999999999999999"))).isNull();
    assertThat(Pressure.parse(List.of("full avg10=0.00 avg60=0.00 avg300=0.00 total=1"))).isNull();
    assertThat(Pressure.parse(List.of("none total=1"))).isNull();
  }

  @Test
  void aFileThatCannotBeReadSaysWhy() throws Exception {
    PressureFile missing = PressureFile.at(directory.resolve("io"));
    assertThat(missing.unavailable()).contains("does not exist").contains("CONFIG_PSI");
    assertThat(missing.read()).isNull();

    // What a read fails with where PSI is off at boot is an I/O error, as here.
    PressureFile unreadable = PressureFile.at(directory);
    assertThat(unreadable.unavailable()).contains("cannot be read");
    assertThat(unreadable.read()).isNull();

    PressureFile other = PressureFile.at(Files.writeString(directory.resolve("x"), "nonsense\n"));
    assertThat(other.unavailable()).contains("form");
    assertThat(other.read()).isNull();
  }

  @Test
  void aFileIsReadAnewEachTime() throws Exception {
    Path path = Files.writeString(directory.resolve("io"), "some avg10=0.00 total=1\n");
    PressureFile file = PressureFile.at(path);
    assertThat(file.unavailable()).isNull();
    assertThat(file.read()).isEqualTo(new Pressure(1, null));
    Files.writeString(path, "some avg10=0.00 total=2\nfull avg10=0.00 total=1\n");
    assertThat(file.read()).isEqualTo(new Pressure(2, 1L));
    Files.delete(path);
    assertThat(file.read()).isNull();
  }
}
