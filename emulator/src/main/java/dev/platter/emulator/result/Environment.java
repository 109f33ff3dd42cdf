package dev.platter.emulator.result;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.devices.block.ImageInfo;
import dev.platter.emulator.host.BlockDevice;
import dev.platter.emulator.host.CgroupLimits;
import dev.platter.emulator.host.HostFacts;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.IoLimits;
import dev.platter.emulator.host.Mount;
import dev.platter.emulator.host.Storage;
import java.util.ArrayList;
import java.util.EnumMap;
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
 * document.put("environment", environment.toMap());
 * }</pre>
 */
public final class Environment {
  private final HostFacts host;
  private @Nullable Map<String, @Nullable Object> image;
  private @Nullable Storage storage;
  private final List<Loop> loops = new ArrayList<>();

  private record Loop(String name, EnumSet<SetupFlag> granted, EnumMap<SetupFlag, String> refused) {
    Map<String, Object> toMap() {
      Map<String, String> reasons = new LinkedHashMap<>();
      refused.forEach((flag, reason) -> reasons.put(flag.name(), reason));
      Map<String, Object> flags = new LinkedHashMap<>();
      flags.put("granted", granted.stream().map(Enum::name).toList());
      flags.put("refused", reasons);
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("name", name);
      map.put("ring_flags", flags);
      return map;
    }
  }

  private Environment(HostFacts host) {
    this.host = host;
  }

  /** The host and JVM that this runs on. */
  public static Environment ofHost() {
    return new Environment(HostFacts.collect());
  }

  /** The image that the run uses, as it was before the run. */
  public void image(ImageInfo info) {
    image = ImageReport.toMap(info);
    storage = Storage.of(info.path(), info.facts());
  }

  /** The disk in memory that the run uses instead of an image. */
  public void memoryDisk(String name, long sizeBytes) {
    image = ImageReport.ofMemory(name, sizeBytes);
  }

  /**
   * A loop of the run; one of the same name is replaced.
   *
   * @param granted ring flags that the kernel took
   * @param refused ring flags that it did not take, each with the reason
   */
  public void loop(String name, Iterable<SetupFlag> granted, Map<SetupFlag, String> refused) {
    EnumSet<SetupFlag> grantedCopy = EnumSet.noneOf(SetupFlag.class);
    granted.forEach(grantedCopy::add);
    EnumMap<SetupFlag, String> refusedCopy = new EnumMap<>(SetupFlag.class);
    refusedCopy.putAll(refused);
    loops.removeIf(loop -> loop.name().equals(name));
    loops.add(new Loop(name, grantedCopy, refusedCopy));
  }

  /** What this process's cgroup and those above it allow. */
  private static Map<String, @Nullable Object> cgroup(
      CgroupLimits.Limits limits, @Nullable IoLimits io) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("version", limits.version());
    map.put("cpus", limits.cpus());
    map.put("memory_bytes", limits.memoryBytes());
    map.put("tasks", limits.tasks());
    map.put("io", io == null ? null : io.toMap());
    return map;
  }

  private static Map<String, @Nullable Object> toMap(Storage storage) {
    BlockDevice device = storage.device();
    Mount mount = storage.mount();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("device", device == null ? null : device.toMap());
    map.put("mount_point", mount == null ? null : mount.point());
    map.put("mount_source", mount == null ? null : mount.source());
    map.put("mount_options", mount == null ? null : mount.options());
    return map;
  }

  /** The {@code environment} object of {@code docs/json.md}, in its order. */
  public Map<String, @Nullable Object> toMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>(host.toMap());
    HostFiles files = HostFiles.ofHost();
    map.put(
        "cgroup", cgroup(CgroupLimits.read(files), storage == null ? null : storage.limits(files)));
    map.put("image", image);
    map.put("storage", storage == null ? null : toMap(storage));
    map.put("loops", loops.stream().map(Loop::toMap).toList());
    return map;
  }
}
