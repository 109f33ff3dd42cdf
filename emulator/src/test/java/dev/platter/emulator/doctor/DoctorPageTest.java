package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorPageTest {
  private static String page(DoctorLine... lines) {
    return DoctorPage.render(
        new DoctorReport(List.of(new DoctorReport.Group("Kernel", List.of(lines)))));
  }

  @Test
  void columns() {
    assertThat(
            page(
                DoctorLine.info("sysctl", "0"),
                DoctorLine.ok("main_loop_flags", "A B"),
                DoctorLine.warning("nofile", "few", "ulimit -n 4096"),
                DoctorLine.problem("access", "no ring", null)))
        .isEqualTo(
            """
            Kernel
                       sysctl          0
              ok       main_loop_flags A B
              warning  nofile          few
                                       try: ulimit -n 4096
              problem  access          no ring

            1 problem and 1 warning
            """);
  }

  @Test
  void longTextIsWrappedAtBlanksAndLongWordsStayWhole() {
    String word = "/" + "x".repeat(120);
    String page = page(DoctorLine.warning("a", "one two ".repeat(20).strip(), "rm " + word));
    assertThat(page.lines().filter(line -> !line.contains(word)))
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80))
        .noneMatch(line -> line.endsWith(" "));
    assertThat(page.lines().filter(line -> line.contains("one two"))).hasSize(3);
    assertThat(page).contains("try: rm\n" + " ".repeat(27) + word + "\n");
  }

  @Test
  void nothingMovesTheCursor() {
    assertThat(page(DoctorLine.info("a", "x\u001b[2Jy\rz\nw"))).contains("x?[2Jy?z?w\n");
  }
}
