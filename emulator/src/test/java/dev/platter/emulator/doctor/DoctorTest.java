package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.HostFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
  @TempDir Path root;

  private record Check(String title, Supplier<List<DoctorLine>> body) implements DoctorCheck {
    @Override
    public List<DoctorLine> run(HostFiles files) {
      return body.get();
    }
  }

  private DoctorReport examine(Duration limit, DoctorCheck... checks) {
    return new Doctor(List.of(checks), new HostFiles(root), limit).examine();
  }

  @Test
  void keepsTheOrderAndJoinsTitles() {
    DoctorReport report =
        examine(
            Duration.ofMinutes(1),
            new Check("a", () -> List.of(DoctorLine.info("one", "1"))),
            new Check("a", () -> List.of(DoctorLine.ok("two", "2"))),
            new Check("silent", List::of),
            new Check("b", () -> List.of(DoctorLine.info("three", "3"))));
    assertThat(report.groups())
        .containsExactly(
            new DoctorReport.Group(
                "a", List.of(DoctorLine.info("one", "1"), DoctorLine.ok("two", "2"))),
            new DoctorReport.Group("b", List.of(DoctorLine.info("three", "3"))));
  }

  @Test
  void aCheckThatFailsCostsItsOwnLines() {
    DoctorReport report =
        examine(
            Duration.ofMinutes(1),
            new Check(
                "broken",
                () -> {
                  throw new IllegalStateException("/home/secret");
                }),
            new Check("b", () -> List.of(DoctorLine.ok("fine", "yes"))));
    assertThat(report.groups().get(0).lines())
        .containsExactly(
            DoctorLine.warning("check", "Check failed: java.lang.IllegalStateException", null));
    assertThat(report.groups().get(1).lines()).containsExactly(DoctorLine.ok("fine", "yes"));
    assertThat(report.failure()).isNull();
  }

  @Test
  void aCheckThatHangsIsLeftBehindAndInterrupted() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    DoctorReport report =
        examine(
            Duration.ofMillis(20),
            new Check(
                "hanging",
                () -> {
                  try {
                    never.await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                  return List.of();
                }));
    assertThat(report.groups().getFirst().lines())
        .containsExactly(DoctorLine.warning("check", "Check did not end in 0.02 s", null));
    interrupted.await();
  }

  @Test
  void nothingOfTheHostIsNeeded() {
    DoctorReport report =
        examine(
            Duration.ofMinutes(1),
            new BuildCheck(),
            new KernelCheck(),
            new ProcessCheck(() -> 1),
            new ContainerCheck(),
            new CpuCheck(),
            new MemoryCheck(),
            new StorageCheck(root.resolve("none")),
            new TracingCheck(),
            new KvmCheck(),
            new QemuCheck(List::of, "/"),
            new EngineCheck(command -> null));
    assertThat(report.lines(Status.PROBLEM)).isEmpty();
    assertThat(report.lines(Status.WARNING))
        .extracting(DoctorLine::name)
        .containsExactly("scratch");
    assertThat(report.groups())
        .extracting(DoctorReport.Group::title)
        .containsExactly(
            "Platter",
            "Kernel",
            "Process",
            "Container",
            "CPU",
            "Memory",
            "Storage",
            "Tracing",
            "Virtual machines");
  }
}
