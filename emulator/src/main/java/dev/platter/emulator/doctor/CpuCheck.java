package dev.platter.emulator.doctor;

import dev.platter.emulator.report.HostFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The processors, and what makes them slow. */
final class CpuCheck implements DoctorCheck {
  private static final String CLOCK = "/sys/devices/system/clocksource/clocksource0/";
  private static final String DRIVER = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver";

  // Those that are read with a system call, or through a device.
  private static final Set<String> SLOW_CLOCKS = Set.of("acpi_pm", "hpet", "jiffies", "xen");

  @Override
  public String title() {
    return "CPU";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    HostFacts facts = HostFacts.collect(files.root());
    List<DoctorLine> lines = new ArrayList<>();
    lines.add(
        DoctorLine.info(
            "model",
            facts.cpuCount()
                + " x "
                + (facts.cpuModel() == null ? "a processor without a name" : facts.cpuModel())));
    lines.add(governor(facts.cpuGovernor(), files.first(DRIVER)));
    lines.add(mitigations(facts.mitigations()));
    lines.add(clock(files.first(CLOCK + "current_clocksource")));
    return lines;
  }

  private static DoctorLine governor(@Nullable String governor, @Nullable String driver) {
    if (governor == null) {
      return DoctorLine.info("governor", "none is seen, as in most virtual machines");
    }
    String text = governor + (driver == null ? "" : ", driver " + driver);
    // These two drivers' powersave follows the load.
    boolean follows = driver != null && driver.matches("intel_pstate|amd-pstate-epp");
    return governor.equals("powersave") && !follows
        ? DoctorLine.warning(
            "governor",
            text + ": the lowest frequency, whatever the load",
            "For measurements: cpupower frequency-set -g performance")
        : DoctorLine.ok("governor", text);
  }

  private static DoctorLine mitigations(@Nullable SortedMap<String, String> mitigations) {
    if (mitigations == null) {
      return DoctorLine.info("mitigations", "the kernel does not tell");
    }
    List<String> mitigated = new ArrayList<>();
    List<String> open = new ArrayList<>();
    for (Map.Entry<String, String> one : mitigations.entrySet()) {
      (one.getValue().startsWith("Vulnerable") ? open : mitigated).add(one.getKey());
    }
    return DoctorLine.info(
        "mitigations",
        (mitigated.isEmpty() ? "none" : "against " + String.join(", ", mitigated))
            + (open.isEmpty() ? "" : "; vulnerable to " + String.join(", ", open)));
  }

  private static DoctorLine clock(@Nullable String clock) {
    if (clock == null) {
      return DoctorLine.info("clocksource", "the kernel does not tell");
    }
    return SLOW_CLOCKS.contains(clock)
        ? DoctorLine.warning(
            "clocksource",
            clock + ", which takes a microsecond or more to read: polling and figures suffer",
            "See why the kernel gave up a faster one: dmesg | grep -i clocksource")
        : DoctorLine.ok("clocksource", clock);
  }
}
