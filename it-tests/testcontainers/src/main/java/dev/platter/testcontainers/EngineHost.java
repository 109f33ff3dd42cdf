package dev.platter.testcontainers;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Ports;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;

/** What of a container is between it and the engine's host. */
final class EngineHost {
  private EngineHost() {}

  /** The seccomp profile in the jar. */
  static String ioUringProfile() {
    try (InputStream in = EngineHost.class.getResourceAsStream("platter.json")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The part of a container's configuration that concerns the host. */
  static HostConfig config(CreateContainerCmd create) {
    return Objects.requireNonNull(create.getHostConfig());
  }

  /**
   * Adds mounts and a seccomp profile.
   *
   * @param seccompProfile as JSON; null for the engine's own
   */
  static void isolate(
      CreateContainerCmd create, List<Bind> mounts, @Nullable String seccompProfile) {
    HostConfig host = config(create);
    List<Bind> binds = new ArrayList<>(mounts);
    if (host.getBinds() != null) {
      binds.addAll(List.of(host.getBinds()));
    }
    host.withBinds(binds);
    if (seccompProfile != null) {
      List<String> options = new ArrayList<>(List.of("seccomp=" + seccompProfile));
      if (host.getSecurityOpts() != null) {
        options.addAll(host.getSecurityOpts());
      }
      host.withSecurityOpts(options);
    }
  }

  /** Whether the engine runs as this user: its containers' root is this user, too. */
  static boolean isRootless() {
    List<String> options = DockerClientFactory.instance().getInfo().getSecurityOptions();
    return options != null && options.stream().anyMatch(option -> option.contains("rootless"));
  }

  /**
   * The host's port for one of a container's. Those that the engine chose change when a container
   * is started again.
   */
  static String publishedPort(InspectContainerResponse container, int port) {
    Ports.Binding[] bindings =
        container.getNetworkSettings().getPorts().getBindings().get(ExposedPort.tcp(port));
    if (bindings == null || bindings.length == 0) {
      throw new IllegalStateException(
          "port " + port + " is not published: the container's network has no way to it");
    }
    return bindings[0].getHostPortSpec();
  }
}
