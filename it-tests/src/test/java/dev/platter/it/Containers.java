package dev.platter.it;

import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import dev.platter.testcontainers.PlatterContainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** What tests with containers share. */
final class Containers {
  static final DockerImageName PLATTER = PlatterContainer.DEFAULT_IMAGE;
  static final DockerImageName QEMU = DockerImageName.parse("platter-it/qemu:latest");
  static final DockerImageName PROMETHEUS = DockerImageName.parse("platter-it/prometheus:latest");

  /** Where clients' containers have the sockets. */
  private static final String SOCKETS = "/run/platter";

  private Containers() {}

  /** Skips the running test unless an engine answers and has these images. */
  static void require(DockerImageName... images) {
    String lack = lack(images);
    if (lack != null) {
      throw TestVm.skipped(lack);
    }
  }

  /** Whether Platter can run in a container here; if not, the reason is on standard error. */
  static boolean havePlatter() {
    String lack = lack(PLATTER);
    if (lack != null) {
      System.err.println("skipped: " + lack);
    }
    return lack == null;
  }

  private static @Nullable String lack(DockerImageName... images) {
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      return "no container engine answers; it-tests/containers/with-engine ./mvnw verify -Pit starts one";
    }
    for (DockerImageName image : images) {
      try {
        DockerClientFactory.lazyClient().inspectImageCmd(image.asCanonicalNameString()).exec();
      } catch (NotFoundException e) {
        return "the engine has no image "
            + image
            + "; build it with it-tests/containers/build-images";
      }
    }
    return null;
  }

  /** A container of an image that is not pulled, without a network. */
  static GenericContainer<?> of(DockerImageName image) {
    return new GenericContainer<>(image).withImagePullPolicy(name -> false).withNetworkMode("none");
  }

  /**
   * What a container came to.
   *
   * @param exitCode of its first process
   * @param output what it wrote, both streams
   */
  record Ended(int exitCode, String output) {}

  /** Runs a container until it ends by itself, and removes it. */
  static Ended run(GenericContainer<?> container, Duration longest) {
    try (container) {
      container.start();
      return await(container, longest);
    }
  }

  /** Waits until a container ends by itself. */
  static Ended await(GenericContainer<?> container, Duration longest) {
    try (var end =
        container.getDockerClient().waitContainerCmd(container.getContainerId()).start()) {
      int code = end.awaitStatusCode(longest.toSeconds(), TimeUnit.SECONDS);
      return new Ended(code, container.getLogs());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Shows a container a file or directory of the host. */
  static void mount(GenericContainer<?> container, Path source, String target) {
    // Not Testcontainers' own binds: those it tries out first, with an image that it would pull.
    container.withCreateContainerCmdModifier(create -> {
      HostConfig host = Objects.requireNonNull(create.getHostConfig());
      List<Bind> binds = new ArrayList<>();
      if (host.getBinds() != null) {
        binds.addAll(List.of(host.getBinds()));
      }
      binds.add(new Bind(source.toString(), new Volume(target)));
      host.withBinds(binds);
    });
  }

  /** Takes from a container all that it does not need: a writable root, capabilities, setuid. */
  static void harden(GenericContainer<?> container) {
    container.withCreateContainerCmdModifier(create -> {
      HostConfig host = Objects.requireNonNull(create.getHostConfig());
      List<String> options = host.getSecurityOpts();
      host.withReadonlyRootfs(true)
          .withCapDrop(Capability.ALL)
          .withSecurityOpts(
              Stream.concat(
                      options == null ? Stream.empty() : options.stream(),
                      Stream.of("no-new-privileges"))
                  .toList());
    });
  }

  /** A container that sees the sockets of a server, as the same user. */
  static GenericContainer<?> client(PlatterContainer platter, String... command) {
    GenericContainer<?> client = of(QEMU).withCommand(command);
    mount(client, platter.socketDirectory(), SOCKETS);
    client.withCreateContainerCmdModifier(create -> create.withUser(platter.user()));
    return client;
  }

  /**
   * A shell command that puts load on a virtio disk, as a client without a guest.
   *
   * @param disk its name
   * @param rest further options of {@code qemu-img bench}
   */
  static String bench(String disk, String rest) {
    return "qemu-img bench -t none "
        + rest
        + " --image-opts driver=virtio-blk-vhost-user,cache.direct=on,path="
        + SOCKETS
        + "/"
        + disk
        + ".sock";
  }
}
