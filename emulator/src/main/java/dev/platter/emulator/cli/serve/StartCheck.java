package dev.platter.emulator.cli.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.emulator.host.ChargedMemory;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.server.HostCheck;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.confine.Confinement;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import dev.platter.emulator.server.metrics.MetricsServer;
import dev.platter.emulator.server.options.OptionValue;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.server.options.ServeSettings;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Decides whether a server can be started with its options, for a start and for {@code --check}
 * alike: checks every part, so that it reports all errors at once, and changes nothing.
 */
final class StartCheck {
  private final ServeSettings settings;
  private final Mistakes mistakes;
  private final HostCheck host;

  private StartCheck(ServeSettings settings, Mistakes mistakes, HostCheck host) {
    this.settings = settings;
    this.mistakes = mistakes;
    this.host = host;
  }

  /**
   * Checks.
   *
   * @param beside whether a server of the same configuration may be running
   * @param mistakes the errors of the settings themselves; other errors are added
   * @return findings that are no errors
   */
  static List<String> look(
      ServeSettings settings, boolean beside, Map<String, String> environment, Mistakes mistakes) {
    ServeOptions.checkFit(settings, mistakes);
    long disks =
        Stream.concat(settings.exports().stream(), settings.doubtful().stream())
            .mapToLong(export -> export.value().images().size())
            .sum();
    HostCheck host = new HostCheck(beside, disks > 1, ServeOptions.lockWaitNanos(settings));
    StartCheck check = new StartCheck(settings, mistakes, host);
    check.exports(environment);
    check.endpoints();
    check.confinement();
    check.resources();
    return host.notes();
  }

  private void exports(Map<String, String> environment) {
    for (OptionValue<IoThreadConfig> thread : settings.ioThreads()) {
      attempt(thread, () -> HostCheck.cpu(thread.value()));
    }
    settings.doubtful().forEach(this::images);
    settings.exports().forEach(this::images);
    for (OptionValue<ExportConfig> export : settings.exports()) {
      attempt(export, () -> host.endpoint(export.value()));
    }
    if (settings.doubtful().isEmpty()) { // else it is unknown which export takes which socket
      host.activated(
          settings.exports().stream().map(OptionValue::value).toList(),
          environment,
          ProcessHandle.current().pid(),
          mistakes);
    }
  }

  private void images(OptionValue<ExportConfig> export) {
    ExportConfig its = export.value();
    for (int i = 0; i < its.images().size(); i++) {
      try {
        host.image(its, its.images().get(i));
      } catch (PlatterException e) {
        mistakes.add(export.refused(i, e));
      }
    }
  }

  private <T> void attempt(OptionValue<T> part, Runnable check) {
    try {
      check.run();
    } catch (PlatterException e) {
      mistakes.add(part.refused(e));
    }
  }

  /** Checks the control socket, the metrics port and the files to write. */
  private void endpoints() {
    Path control = settings.control();
    if (control != null) {
      attempt("control", () -> host.socket(control));
    }
    InetSocketAddress metrics = settings.metrics();
    if (metrics != null) {
      attempt(
          "metrics",
          () -> {
            if (MetricsServer.isTaken(metrics)) {
              host.taken(MetricsServer.taken(metrics));
            }
          });
    }
    String stages = settings.stages();
    if (stages != null) {
      attempt("stages", () -> JsonFile.checkWritable(stages));
    }
  }

  private void attempt(String key, Runnable check) {
    try {
      check.run();
    } catch (PlatterException e) {
      mistakes.add(settings.refused(key, e));
    }
  }

  private void confinement() {
    Mode mode = settings.confine();
    if (mode == Mode.OFF) {
      return;
    }
    if (mode != null) {
      attempt("confine", () -> Confinement.check(mode));
    }
    settings.exports().forEach(this::keptImages);
    for (OptionValue<Path> path : settings.allowed()) {
      attempt(path, () -> Confinement.checkAllowed(path.value()));
    }
    List<Path> allowed = settings.allowed().stream().map(OptionValue::value).toList();
    mistakes.attempt(() -> Confinement.checkJvm(allowed));
  }

  private void keptImages(OptionValue<ExportConfig> export) {
    ExportConfig its = export.value();
    for (int i = 0; i < its.images().size(); i++) {
      try {
        Confinement.checkImage(its.images().get(i).path());
      } catch (PlatterException e) {
        mistakes.add(export.refused(i, e.within("export " + its.name())));
      }
    }
  }

  private void resources() {
    HostCheck.limits(
        settings.ioThreads().size(),
        settings.exports().stream().map(OptionValue::value).toList(),
        ChargedMemory.limitBytes(HostFiles.ofHost()),
        mistakes);
    mistakes.attempt(RingAccess::check);
  }
}
