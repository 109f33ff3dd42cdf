package dev.platter.emulator.doctor;

import dev.platter.emulator.host.CgroupLimits;
import dev.platter.emulator.host.CgroupLimits.Limits;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Whether this is a container, and the limits of its cgroup. */
final class ContainerCheck implements DoctorCheck {
  private static final long LITTLE_MEMORY = 256L << 20;
  private static final long FEW_TASKS = 64;

  private static final String INIT = "/proc/1/cgroup";
  private static final String SYSTEMD = "/run/systemd/container";
  private static final Map<String, String> FILES = new TreeMap<>();
  private static final Map<String, String> CGROUPS = new TreeMap<>();

  static {
    FILES.put("/.dockerenv", "Docker");
    FILES.put("/run/.containerenv", "Podman");
    FILES.put("/run/secrets/kubernetes.io", "Kubernetes");
    CGROUPS.put("crio", "CRI-O");
    CGROUPS.put("containerd", "containerd");
    CGROUPS.put("docker", "Docker");
    CGROUPS.put("kubepods", "Kubernetes");
    CGROUPS.put("libpod", "Podman");
    CGROUPS.put("lxc", "LXC");
    CGROUPS.put("machine.slice", "systemd-nspawn");
  }

  @Override
  public String title() {
    return "Container";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    Limits limits = CgroupLimits.read(files);
    String container = container(files);
    List<DoctorLine> lines = new ArrayList<>();
    lines.add(DoctorLine.info("container", container == null ? "nothing tells of one" : container));
    lines.add(DoctorLine.info("cgroup", limits.version()));
    lines.add(memory(limits));
    lines.add(tasks(limits));
    lines.add(cpu(limits.cpus()));
    return lines;
  }

  /**
   * The sign of a container, with its place, because such a file may also be left over from a
   * container.
   */
  private static @Nullable String container(HostFiles files) {
    Map<String, List<String>> told = new TreeMap<>();
    FILES.forEach((file, engine) -> {
      if (files.exists(file)) {
        told.computeIfAbsent(engine, e -> new ArrayList<>()).add(file);
      }
    });
    String init = String.join("\n", files.lines(INIT));
    CGROUPS.forEach((word, engine) -> {
      if (init.contains(word)) {
        told.computeIfAbsent(engine, e -> new ArrayList<>()).add(INIT);
      }
    });
    String systemd = files.first(SYSTEMD);
    if (systemd != null) {
      told.computeIfAbsent(systemd, e -> new ArrayList<>()).add(SYSTEMD);
    }
    return told.isEmpty()
        ? null
        : told.entrySet().stream()
            .map(engine -> engine.getKey() + " (" + String.join(", ", engine.getValue()) + ")")
            .collect(Collectors.joining(", "));
  }

  private static DoctorLine memory(Limits limits) {
    Long most = limits.memoryBytes();
    if (most == null) {
      return DoctorLine.ok("memory_limit", "none");
    }
    Long used = limits.memoryUsedBytes();
    String text =
        Units.bytes(most) + (used == null ? "" : ", of which " + Units.bytes(used) + " are used");
    return most < LITTLE_MEMORY
        ? DoctorLine.warning(
            "memory_limit",
            text
                + ", little: a server's heap alone may grow to 128 MiB, and guest memory counts for"
                + " whom touches it first",
            "Docker, Podman: --memory 512m; Kubernetes: resources.limits.memory; systemd:"
                + " MemoryMax=512M")
        : DoctorLine.ok("memory_limit", text);
  }

  private static DoctorLine tasks(Limits limits) {
    Long most = limits.tasks();
    if (most == null) {
      return DoctorLine.ok("pids_limit", "none");
    }
    return most < FEW_TASKS
        ? DoctorLine.warning(
            "pids_limit",
            most + " threads and processes, few for a JVM and the kernel's workers",
            "Docker, Podman: --pids-limit 200; systemd: TasksMax=200")
        : DoctorLine.ok("pids_limit", most + " threads and processes");
  }

  private static DoctorLine cpu(@Nullable Double cpus) {
    if (cpus == null) {
      return DoctorLine.ok("cpu_limit", "none");
    }
    String text = String.format(Locale.ROOT, "%.2f CPUs", cpus);
    return cpus < 1
        ? DoctorLine.warning(
            "cpu_limit",
            text + ": loops that poll use it up, and then stand still for the rest of each period",
            "Give it one CPU or more (Docker, Podman: --cpus), or set poll-max=0 of IOThreads and"
                + " exports")
        : DoctorLine.ok("cpu_limit", text);
  }
}
