package dev.platter.emulator.cli.run;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.cli.shared.CacheConverter;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.ImageUseOption;
import dev.platter.emulator.cli.shared.SectorOption;
import dev.platter.emulator.cli.shared.Settings;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How loops, vCPUs and the image are set up; shared by the commands that run a machine. */
final class LoopOptions {
  @Option(
      names = "--cache",
      paramLabel = "MODE",
      defaultValue = "none",
      converter = CacheConverter.class,
      description = {
        "How the image is opened: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
        "none: O_DIRECT. writeback: through the host's page cache.",
      })
  CacheMode cache = CacheMode.NONE;

  @Option(
      names = "--poll-max",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      description =
          "Longest busy poll of every loop before it sleeps; 0 never polls (default: 32768ns).")
  @Nullable Long pollMaxNanos;

  @Option(
      names = "--halt-poll",
      paramLabel = "TIME",
      defaultValue = "200us",
      converter = DurationConverter.class,
      description =
          "Longest spin of a halted vCPU before its thread sleeps, as KVM's halt_poll_ns (default:"
              + " ${DEFAULT-VALUE}).")
  long haltPollNanos;

  @Option(
      names = "--ring-flags",
      paramLabel = "FLAGS",
      description =
          "io_uring_setup flags to ask for on IOThreads and raw, separated by commas, 'none' or"
              + " 'all' (default: all that the kernel has): submit_all, coop_taskrun,"
              + " taskrun_flag, single_issuer, defer_taskrun, no_sqarray. The main loop's ring"
              + " never takes single_issuer and defer_taskrun.")
  @Nullable String ringFlags;

  @Mixin SectorOption sector = new SectorOption();

  @Mixin private ImageUseOption use = new ImageUseOption();

  /** How the image is opened. */
  ImageOptions image(boolean writable) {
    return use.in(
        (writable ? ImageOptions.WRITABLE : ImageOptions.READ_ONLY)
            .withCache(cache)
            .withLogicalBlock(sector.bytes()));
  }

  /** The options with the values that are used. */
  Settings in(Settings settings) {
    return settings
        .put("--poll-max", "poll_max_us", ioThread().pollMaxNanos() / 1e3)
        .put("--halt-poll", "halt_poll_us", haltPollNanos / 1e3)
        .put(
            "--ring-flags",
            "ring_flags",
            wantedFlags().stream().map(flag -> flag.name().toLowerCase(Locale.ROOT)).toList())
        .put("--logical-block-size", "logical_block_bytes", sector.bytes());
  }

  AioConfig ioThread() {
    return configured(AioConfig.ioThread());
  }

  AioConfig mainLoop() {
    return configured(AioConfig.mainLoop());
  }

  private AioConfig configured(AioConfig defaults) {
    EnumSet<SetupFlag> flags = EnumSet.noneOf(SetupFlag.class);
    flags.addAll(defaults.flags());
    flags.retainAll(wantedFlags());
    AioConfig config = defaults.withFlags(flags);
    return pollMaxNanos == null ? config : config.withPollMaxNanos(pollMaxNanos);
  }

  private Set<SetupFlag> wantedFlags() {
    if (ringFlags == null || ringFlags.equalsIgnoreCase("all")) {
      return EnumSet.allOf(SetupFlag.class);
    }
    EnumSet<SetupFlag> flags = EnumSet.noneOf(SetupFlag.class);
    if (ringFlags.equalsIgnoreCase("none")) {
      return flags;
    }
    for (String name : ringFlags.split(",", -1)) {
      try {
        flags.add(SetupFlag.valueOf(name.trim().toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw PlatterException.badInput(
            "--ring-flags: there is no flag '" + name + "'",
            "none, all, or of: "
                + EnumSet.allOf(SetupFlag.class).toString().toLowerCase(Locale.ROOT));
      }
    }
    return flags;
  }
}
