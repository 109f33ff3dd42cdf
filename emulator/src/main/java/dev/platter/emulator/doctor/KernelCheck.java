package dev.platter.emulator.doctor;

import dev.platter.aio.KernelVersion;
import dev.platter.emulator.host.HostFacts;
import dev.platter.emulator.host.HostFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The kernel, its machine, and its boot options. */
final class KernelCheck implements DoctorCheck {
  private static final String CLOCKS =
      "/sys/devices/system/clocksource/clocksource0/available_clocksource";
  private static final int[] OLDEST = {5, 15};

  /**
   * Options that change latencies or take features away; the rest of the command line stays
   * private.
   */
  private static final Set<String> TOLD =
      Set.of(
          "cgroup_disable",
          "cgroup_no_v1",
          "clocksource",
          "cpuidle.off",
          "default_hugepagesz",
          "hpet",
          "hugepages",
          "hugepagesz",
          "idle",
          "intel_idle.max_cstate",
          "intel_iommu",
          "intel_pstate",
          "iommu",
          "irqaffinity",
          "isolcpus",
          "kvm-intel.nested",
          "lsm",
          "mds",
          "mitigations",
          "nohz",
          "nohz_full",
          "nosmt",
          "nospectre_v2",
          "preempt",
          "processor.max_cstate",
          "psi",
          "pti",
          "rcu_nocbs",
          "security",
          "spec_store_bypass_disable",
          "spectre_v2",
          "swapaccount",
          "systemd.unified_cgroup_hierarchy",
          "threadirqs",
          "transparent_hugepage",
          "tsc");

  @Override
  public String title() {
    return "Kernel";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    List<DoctorLine> lines = new ArrayList<>();
    String told = files.first("/proc/sys/kernel/osrelease");
    HostFacts facts = HostFacts.collect(files.root());
    String release = told == null ? facts.kernelRelease() : told;
    lines.add(release(release, facts.architecture()));
    lines.add(DoctorLine.info("machine", machine(files)));
    List<String> flags = new ArrayList<>();
    String commandLine = files.first("/proc/cmdline");
    for (String word : commandLine == null ? new String[0] : commandLine.split(" ", -1)) {
      int equals = word.indexOf('=');
      if (TOLD.contains(equals < 0 ? word : word.substring(0, equals))) {
        flags.add(word);
      }
    }
    lines.add(
        DoctorLine.info(
            "boot_flags", flags.isEmpty() ? "none that matter here" : String.join(" ", flags)));
    return lines;
  }

  private static DoctorLine release(String release, String architecture) {
    KernelVersion version = KernelVersion.parse(release);
    String text = "Linux " + release + " " + architecture;
    return version == null || version.atLeast(OLDEST[0], OLDEST[1])
        ? DoctorLine.ok("release", text)
        : DoctorLine.warning(
            "release",
            text + ", older than " + OLDEST[0] + "." + OLDEST[1] + ", the oldest Platter is for",
            "Use a newer kernel, unless this one has a newer io_uring carried back");
  }

  /** Recognises a hypervisor by the clock that it gives its guests, since it may hide otherwise. */
  private static String byClock(@Nullable String clocks) {
    List<String> all = List.of(clocks == null ? new String[0] : clocks.split(" ", -1));
    return all.contains("kvm-clock")
        ? "KVM"
        : all.contains("hyperv_clocksource_tsc_page") ? "Hyper-V" : "a hypervisor";
  }

  private static String machine(HostFiles files) {
    String product = product(files);
    String hypervisor = hypervisor(files);
    if (hypervisor == null) {
      return product == null ? "no hypervisor is seen" : product + ", no hypervisor is seen";
    }
    return "virtual machine: " + hypervisor + (product == null ? "" : ", " + product);
  }

  private static @Nullable String product(HostFiles files) {
    String vendor = files.first("/sys/class/dmi/id/sys_vendor");
    String product = files.first("/sys/class/dmi/id/product_name");
    if (vendor == null || product == null) {
      return vendor == null ? product : vendor;
    }
    return vendor + " " + product;
  }

  private static @Nullable String hypervisor(HostFiles files) {
    String type = files.first("/sys/hypervisor/type");
    if (type != null) {
      return type;
    }
    String flags = files.fields("/proc/cpuinfo").getOrDefault("flags", "");
    if (List.of(flags.split(" ", -1)).contains("hypervisor")) {
      return byClock(files.first(CLOCKS));
    }
    return files.exists("/proc/device-tree/hypervisor") ? byClock(files.first(CLOCKS)) : null;
  }
}
