package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The sources that the lab and reports read besides Platter itself. */
final class TracingCheck implements DoctorCheck {
  private static final String PRESSURE = "/proc/pressure/io";

  @Override
  public String title() {
    return "Tracing";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    List<DoctorLine> lines = new ArrayList<>();
    lines.add(DoctorLine.info("tracefs", tracefs(files)));
    lines.add(
        DoctorLine.info(
            "pressure",
            files.first(PRESSURE) != null
                ? "stalls for I/O are told (PSI)"
                : files.exists(PRESSURE)
                    ? "stalls for I/O are not told: PSI is switched off (boot with psi=1)"
                    : "stalls for I/O are not told: no PSI in this kernel or container"));
    return lines;
  }

  private static String tracefs(HostFiles files) {
    for (String line : files.lines("/proc/self/mounts")) {
      String[] fields = line.split(" ", -1);
      if (fields.length > 2 && fields[2].equals("tracefs") && fields[1].startsWith("/")) {
        return "mounted"
            + (Files.isReadable(files.at(fields[1] + "/events"))
                ? " and readable"
                : ", for root only");
      }
    }
    return "not mounted: platter lab punting counts by RWF_NOWAIT, or mounts it as root";
  }
}
