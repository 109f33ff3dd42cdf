package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.text.Units;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The host's memory and its pages. */
final class MemoryCheck implements DoctorCheck {
  private static final String HUGE = "/sys/kernel/mm/transparent_hugepage/";
  private static final Pattern CHOSEN = Pattern.compile("\\[([^\\]]+)\\]");

  @Override
  public String title() {
    return "Memory";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    Map<String, String> memory = files.fields("/proc/meminfo");
    return List.of(
        DoctorLine.info(
            "size", size(memory, "MemTotal") + ", " + size(memory, "MemAvailable") + " available"),
        DoctorLine.info(
            "huge_pages",
            memory.getOrDefault("HugePages_Total", "?")
                + " of "
                + size(memory, "Hugepagesize")
                + " ("
                + memory.getOrDefault("HugePages_Free", "?")
                + " free); transparent: "
                + chosen(files.first(HUGE + "enabled"))
                + ", for shared memory: "
                + chosen(files.first(HUGE + "shmem_enabled"))));
  }

  private static String size(Map<String, String> memory, String name) {
    String value = memory.getOrDefault(name, "");
    Long kibibytes =
        value.endsWith(" kB") ? HostFiles.parse(value.substring(0, value.length() - 3)) : null;
    return kibibytes == null ? "?" : Units.bytes(kibibytes << 10);
  }

  private static String chosen(@Nullable String choices) {
    Matcher matcher = CHOSEN.matcher(choices == null ? "" : choices);
    return matcher.find() ? matcher.group(1) : "not told";
  }
}
