package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.CpuAffinity;
import dev.platter.devices.block.RawImage;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether a server could be started here, without starting anything, and leaves all as it is:
 * also while the same server runs.
 */
public final class HostCheck {
  private HostCheck() {}

  /**
   * Looks at limits, CPUs, images, and where sockets are to be made.
   *
   * @param memoryLimitBytes how much memory the server may use; null for as much as there is
   * @throws PlatterException that says what is wrong, as starting the server would; of kind
   *     HOST_LACKS if it is a limit
   */
  public static void check(ServeConfig config, @Nullable Long memoryLimitBytes) {
    FdBudget.check(config);
    MemoryBudget.check(config.ioThreads().size(), config.exports(), memoryLimitBytes);
    checkCpus(config.ioThreads());
    for (ExportConfig export : config.exports()) {
      export.images().forEach(image -> examine(export, image));
    }
    for (ExportConfig export : config.exports()) {
      if (export.endpoint() instanceof Endpoint.SocketPath(Path path)) {
        UnixListener.checkPlace(path);
      }
    }
  }

  private static void examine(ExportConfig export, ImageConfig image) {
    try {
      RawImage.examine(image.path(), image.options());
    } catch (PlatterException e) {
      throw new PlatterException(
          e.kind(), "export " + export.name() + ": " + e.getMessage(), e.remedy(), e);
    }
  }

  /** Refuses an IOThread on a CPU that this process may not use. */
  static void checkCpus(List<IoThreadConfig> ioThreads) {
    BitSet allowed = CpuAffinity.allowed();
    for (IoThreadConfig ioThread : ioThreads) {
      int cpu = ioThread.cpu();
      if (cpu != IoThreadConfig.ANY_CPU && !allowed.get(cpu)) {
        throw PlatterException.badInput(
            "IOThread " + ioThread.id() + " cannot run on CPU " + cpu,
            "This process may use CPUs " + allowed);
      }
    }
  }
}
