package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFacts;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.HostReading;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The processors, and the settings that make them slow. */
final class CpuCheck implements DoctorCheck {
  private static final String CLOCK = "/sys/devices/system/clocksource/clocksource0/";
  private static final String DRIVER = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver";

  private static final double MUCH_PRESSURE = 10;
  private static final double MUCH_STEAL = 5;
  private static final Pattern AVERAGE = Pattern.compile("some .*?avg60=(\\d{1,3}\\.\\d{2})");
  private static final Pattern SECONDS = Pattern.compile("(\\d{1,12}\\.\\d{2})");

  // Clocks that are read by a system call, or through a device.
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
    lines.add(load(files));
    return lines;
  }

  private static DoctorLine governor(@Nullable String governor, @Nullable String driver) {
    if (governor == null) {
      return DoctorLine.info("governor", "none is seen, as in most virtual machines");
    }
    String text = governor + (driver == null ? "" : ", driver " + driver);
    // With these two drivers, powersave follows the load.
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

  /** Whether other work uses the processors now, which would distort figures. */
  private static DoctorLine load(HostFiles files) {
    HostReading host = HostReading.now(files.root());
    Double pressure = pressure(files.first("/proc/pressure/cpu"));
    List<String> facts = new ArrayList<>();
    boolean busy = false;
    if (host.load() != null) {
      busy = host.load() > host.cpus();
      facts.add(
          String.format(
              Locale.ROOT,
              "load average %.2f on %d processor%s",
              host.load(),
              host.cpus(),
              host.cpus() == 1 ? "" : "s"));
    }
    if (pressure != null) {
      busy |= pressure >= MUCH_PRESSURE;
      facts.add(
          String.format(
              Locale.ROOT, "a task waited for one in %.1f %% of the last minute", pressure));
    }
    Double stolen = stolen(host, files.first("/proc/uptime"));
    if (stolen != null) {
      busy |= stolen >= MUCH_STEAL;
      facts.add(
          String.format(Locale.ROOT, "other virtual machines had %.1f %% since boot", stolen));
    }
    if (facts.isEmpty()) {
      return DoctorLine.info("load", "the kernel does not tell");
    }
    String text = String.join("; ", facts);
    return busy
        ? DoctorLine.warning(
            "load",
            text + ": figures taken now are those of a busy host",
            "Measure when the host is idle: top shows what runs")
        : DoctorLine.ok("load", text);
  }

  /** Percent of the last minute; null without PSI. */
  private static @Nullable Double pressure(@Nullable String some) {
    Matcher matcher = AVERAGE.matcher(some == null ? "" : some);
    return matcher.lookingAt() ? Double.valueOf(matcher.group(1)) : null;
  }

  /** Percent of all processors' time since boot; null if there is none. */
  private static @Nullable Double stolen(HostReading host, @Nullable String uptime) {
    Matcher matcher = SECONDS.matcher(uptime == null ? "" : uptime);
    if (host.stolenNanos() == null || host.stolenNanos() == 0 || !matcher.lookingAt()) {
      return null;
    }
    double all = Double.parseDouble(matcher.group(1)) * 1e9 * host.cpus();
    return all > 0 ? Double.valueOf(100 * host.stolenNanos() / all) : null;
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
