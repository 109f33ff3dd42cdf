package dev.platter.emulator.result;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.emulator.host.BlockDevice;
import dev.platter.emulator.host.Build;
import dev.platter.emulator.host.CgroupLimits;
import dev.platter.emulator.host.HostFacts;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.IoLimits;
import dev.platter.emulator.host.Mount;
import dev.platter.emulator.host.Storage;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.ImageFacts;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a result depends on besides the options: the host, the JVM, the image, the rings. Built up
 * as these become known; the result is a value of its own, also after rings and files are closed.
 *
 * <pre>{@code
 * Environment environment = Environment.ofHost();
 * environment.image(ImageInspector.inspect(path));
 * environment.loop("main-loop", granted, refused);
 * EnvironmentFacts facts = environment.facts();
 * }</pre>
 */
public final class Environment {
  private final HostFacts host;
  private @Nullable ImageFacts image;
  private @Nullable Storage storage;
  private final List<EnvironmentFacts.Loop> loops = new ArrayList<>();

  private Environment(HostFacts host) {
    this.host = host;
  }

  /** The host and JVM that this runs on. */
  public static Environment ofHost() {
    return new Environment(HostFacts.collect());
  }

  /** The image that the run uses, as it was before the run. */
  public void image(ImageInfo info) {
    image = ImageReport.of(info);
    storage = Storage.of(info.path(), info.facts());
  }

  /** The disk in memory that the run uses instead of an image. */
  public void memoryDisk(String name, long sizeBytes) {
    image = new ImageFacts(name, ImageFacts.MEMORY, sizeBytes, null);
  }

  /**
   * A loop of the run; one of the same name is replaced.
   *
   * @param granted ring flags that the kernel took
   * @param refused ring flags that it did not take, each with the reason
   */
  public void loop(String name, Iterable<SetupFlag> granted, Map<SetupFlag, String> refused) {
    EnumSet<SetupFlag> inOrder = EnumSet.noneOf(SetupFlag.class);
    granted.forEach(inOrder::add);
    Map<String, String> reasons = new LinkedHashMap<>();
    refused.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> reasons.put(entry.getKey().name(), entry.getValue()));
    loops.removeIf(loop -> name.equals(loop.name()));
    loops.add(
        new EnvironmentFacts.Loop(
            name,
            new EnvironmentFacts.RingFlags(
                inOrder.stream().map(SetupFlag::name).toList(), reasons)));
  }

  /** The {@code environment} object of {@code docs/json.md}. */
  public EnvironmentFacts facts() {
    return new EnvironmentFacts(
        Build.version(),
        host.kernelRelease(),
        host.architecture(),
        host.cpuModel(),
        (long) host.cpuCount(),
        host.cpuGovernor(),
        host.mitigations(),
        host.memoryBytes(),
        new EnvironmentFacts.Jvm(host.jvmVersion(), host.jvmGc(), host.jvmMaxHeapBytes()),
        cgroup(HostFiles.ofHost()),
        image,
        storage == null ? null : of(storage),
        List.copyOf(loops));
  }

  /** What this process's cgroup and those above it allow. */
  private EnvironmentFacts.Cgroup cgroup(HostFiles files) {
    CgroupLimits.Limits limits = CgroupLimits.read(files);
    IoLimits io = storage == null ? null : storage.limits(files);
    return new EnvironmentFacts.Cgroup(
        limits.version(),
        limits.cpus(),
        limits.memoryBytes(),
        limits.tasks(),
        io == null
            ? null
            : new EnvironmentFacts.DiskLimits(
                io.readBytes(), io.writeBytes(), io.reads(), io.writes()));
  }

  private static EnvironmentFacts.StorageFacts of(Storage storage) {
    BlockDevice device = storage.device();
    Mount mount = storage.mount();
    return new EnvironmentFacts.StorageFacts(
        device == null
            ? null
            : new EnvironmentFacts.Disk(
                device.name(),
                device.model(),
                device.driver(),
                device.scheduler(),
                device.schedulerRequests(),
                device.queueDepth(),
                device.writeCache(),
                device.rotational(),
                device.below()),
        mount == null ? null : mount.point(),
        mount == null ? null : mount.source(),
        mount == null ? null : mount.options());
  }
}
