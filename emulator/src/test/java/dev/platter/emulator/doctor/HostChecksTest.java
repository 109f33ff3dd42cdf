package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checks of what is read from a file or two: build, processor, memory, storage, tracing. */
class HostChecksTest {
  private static final String CPU0 = "/sys/devices/system/cpu/cpu0/cpufreq/";
  private static final String CLOCK =
      "/sys/devices/system/clocksource/clocksource0/current_clocksource";

  @TempDir Path root;

  @Test
  void anOldJavaIsAProblem() {
    FakeHost host = new FakeHost(root);
    assertThat(FoundLine.of(host, new BuildCheck(25, List.of()), "java").status())
        .isEqualTo(Status.OK);
    DoctorLine old = FoundLine.of(host, new BuildCheck(24, List.of()), "java");
    assertThat(old.status()).isEqualTo(Status.PROBLEM);
    assertThat(old.remedy()).contains("Java 25");
  }

  @Test
  void onlyHarmlessJvmOptionsAreShown() {
    List<String> options =
        List.of(
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-Dtoken=secret",
            "-XX:HeapDumpPath=/home/ann/x",
            "-XX:ParallelGCThreads=2",
            "-Xlog:gc:file=/home/ann/gc",
            "-Xshare:auto");
    String heap = FoundLine.of(new FakeHost(root), new BuildCheck(25, options), "heap").text();
    assertThat(heap).endsWith("; -Xmx128m -XX:+UseSerialGC -XX:ParallelGCThreads=2 -Xshare:auto");
  }

  @Test
  void theProcessor() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with("/proc/cpuinfo", "model name\t: Fast CPU\n")
            .with("/sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n")
            .with("/sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n")
            .with("/sys/devices/system/cpu/vulnerabilities/retbleed", "Vulnerable\n")
            .with(CPU0 + "scaling_governor", "performance\n")
            .with(CLOCK, "tsc\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "model").text()).endsWith(" x Fast CPU");
    assertThat(FoundLine.of(host, new CpuCheck(), "mitigations").text())
        .isEqualTo("against meltdown; vulnerable to retbleed");
    assertThat(FoundLine.of(host, new CpuCheck(), "governor"))
        .isEqualTo(DoctorLine.ok("governor", "performance"));
    assertThat(FoundLine.of(host, new CpuCheck(), "clocksource"))
        .isEqualTo(DoctorLine.ok("clocksource", "tsc"));
  }

  @Test
  void aSlowProcessorIsAWarning() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with(CPU0 + "scaling_governor", "powersave\n")
            .with(CPU0 + "scaling_driver", "acpi-cpufreq\n")
            .with(CLOCK, "hpet\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "governor").status()).isEqualTo(Status.WARNING);
    assertThat(FoundLine.of(host, new CpuCheck(), "clocksource").status())
        .isEqualTo(Status.WARNING);
    host.with(CPU0 + "scaling_driver", "intel_pstate\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "governor").status()).isEqualTo(Status.OK);
  }

  @Test
  void memory() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with(
                "/proc/meminfo",
                """
                MemTotal:       16777216 kB
                MemAvailable:    8388608 kB
                HugePages_Total:      12
                HugePages_Free:        3
                Hugepagesize:       2048 kB
                """)
            .with("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    assertThat(FoundLine.of(host, new MemoryCheck(), "size").text())
        .isEqualTo("16 GiB, 8 GiB available");
    assertThat(FoundLine.of(host, new MemoryCheck(), "huge_pages").text())
        .isEqualTo("12 of 2 MiB (3 free); transparent: madvise, for shared memory: not told");
  }

  @Test
  void scratchImages() {
    FakeHost host = new FakeHost(root);
    assertThat(FoundLine.of(host, new StorageCheck(root), "scratch").text())
        .contains("iB free")
        .doesNotContain(root.toString());
    assertThat(FoundLine.of(host, new StorageCheck(root.resolve("none")), "scratch").status())
        .isEqualTo(Status.WARNING);
  }

  @Test
  void tracing() throws IOException {
    FakeHost host = new FakeHost(root);
    assertThat(FoundLine.of(host, new TracingCheck(), "tracefs").text()).startsWith("not mounted");
    assertThat(FoundLine.of(host, new TracingCheck(), "pressure").text()).contains("no PSI");
    host.with("/proc/self/mounts", "tracefs /sys/kernel/tracing tracefs rw 0 0\n")
        .with("/proc/pressure/io", "");
    assertThat(FoundLine.of(host, new TracingCheck(), "tracefs").text())
        .isEqualTo("mounted, for root only");
    assertThat(FoundLine.of(host, new TracingCheck(), "pressure").text()).contains("switched off");
    host.with("/sys/kernel/tracing/events/enable", "0\n")
        .with("/proc/pressure/io", "some avg10=0.00 total=1\n");
    assertThat(FoundLine.of(host, new TracingCheck(), "tracefs").text())
        .isEqualTo("mounted and readable");
    assertThat(FoundLine.of(host, new TracingCheck(), "pressure").text())
        .isEqualTo("stalls for I/O are told (PSI)");
  }

  @Test
  void aBusyHostIsTold() throws IOException {
    FakeHost host = new FakeHost(root);
    assertThat(FoundLine.of(host, new CpuCheck(), "load").status()).isEqualTo(Status.INFO);
    host.with("/proc/stat", "cpu  10 0 10 900 0 0 0 0 0 0\ncpu0 1\ncpu1 1\n")
        .with("/proc/loadavg", "1.90 1.00 1.00 1/200 4711\n")
        .with("/proc/uptime", "1000.00 800.00\n")
        .with("/proc/pressure/cpu", "some avg10=80.00 avg60=9.90 avg300=1.00 total=5\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "load"))
        .extracting(DoctorLine::status, DoctorLine::text)
        .containsExactly(
            Status.OK,
            "load average 1.90 on 2 processors; a task waited for one in 9.9 % of the last minute");
    host.with("/proc/loadavg", "2.01 1.00 1.00 1/200 4711\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "load").status()).isEqualTo(Status.WARNING);
    host.with("/proc/loadavg", "0.50 1.00 1.00 1/200 4711\n")
        .with("/proc/pressure/cpu", "some avg10=0.00 avg60=10.00 avg300=1.00 total=5\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "load").text())
        .endsWith("10.0 % of the last minute: figures taken now are those of a busy host");
    host.with("/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=1.00 total=5\n")
        .with("/proc/stat", "cpu  10 0 10 900 0 0 0 12000 0 0\ncpu0 1\ncpu1 1\n");
    assertThat(FoundLine.of(host, new CpuCheck(), "load").text())
        .contains("other virtual machines had 6.0 % since boot: figures taken now");
  }
}
