package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.result.document.Records;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DoctorReportTest {
  private static final DoctorLine HOST = DoctorLine.problem("access", "no ring", "mend it");
  private static final DoctorLine IMAGE = DoctorLine.unusable("image", "no file", null);
  private static final DoctorLine WARNING = DoctorLine.warning("nofile", "few", "more");

  private static DoctorReport of(DoctorLine... lines) {
    return new DoctorReport(List.of(new DoctorReport.Group("a", List.of(lines))));
  }

  private static PlatterException failure(DoctorLine... lines) {
    return Objects.requireNonNull(of(lines).failure());
  }

  @Test
  void warningsAreNoFailure() {
    assertThat(of(DoctorLine.ok("x", "y")).failure()).isNull();
    assertThat(of(DoctorLine.ok("x", "y")).verdict()).isEqualTo("Nothing stops Platter here");
    assertThat(of(WARNING).failure()).isNull();
    assertThat(of(WARNING).verdict()).isEqualTo("Nothing stops Platter here; 1 warning");
  }

  @Test
  void whatTheHostLacksComesBeforeAnImage() {
    PlatterException image = failure(WARNING, IMAGE);
    assertThat(image).hasMessage("no file");
    assertThat(image.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);

    PlatterException host = failure(IMAGE, WARNING, WARNING, HOST);
    assertThat(host).hasMessage("no ring");
    assertThat(host.remedy()).isEqualTo("mend it");
    assertThat(host.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
    assertThat(of(IMAGE, WARNING, WARNING, HOST).verdict()).isEqualTo("2 problems and 2 warnings");
    assertThat(of(HOST).verdict()).isEqualTo("1 problem");
  }

  @Test
  void theDocument() {
    DoctorLine line = DoctorLine.ok("access", "yes").with(Map.of("cause", "none"));
    assertThat(
            JsonFile.render(
                Records.toMap(of(line, HOST, WARNING).document("2026-01-02T03:04:05Z"))))
        .isEqualToIgnoringWhitespace(
            """
            {
              "schema": "platter.doctor/1",
              "created": "2026-01-02T03:04:05Z",
              "problems": 1,
              "warnings": 1,
              "groups": [
                {"title": "a", "lines": [
                  {"name": "access", "status": "ok", "text": "yes", "remedy": null,
                   "facts": {"cause": "none"}},
                  {"name": "access", "status": "problem", "text": "no ring", "remedy": "mend it",
                   "facts": null},
                  {"name": "nofile", "status": "warning", "text": "few", "remedy": "more",
                   "facts": null}
                ]}
              ]
            }
            """);
  }
}
