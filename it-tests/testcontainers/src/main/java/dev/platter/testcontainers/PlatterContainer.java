package dev.platter.testcontainers;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Volume;
import dev.platter.testcontainers.ServeCommandLine.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * {@code platter serve} in a container: disks over vhost-user (virtio-blk) and vfio-user (SATA),
 * whose sockets appear in a directory of the host. QEMU or any other client connects to them there,
 * or in another container that has {@link #socketDirectory()} mounted.
 *
 * <p>The container runs as this process's user, because only the same user may connect, under a
 * seccomp profile that is the engine's own and allows io_uring. It takes no capabilities and no
 * network beyond what metrics need. {@link #start()} returns when clients can connect. Stopping it
 * ends the server in order: disks are flushed, sockets removed.
 *
 * <p>Files are shared with the engine by bind mounts, so the engine must run on this host.
 */
public final class PlatterContainer extends GenericContainer<PlatterContainer> {
  /** The image that {@link #PlatterContainer()} takes; it is built, not pulled. */
  public static final DockerImageName DEFAULT_IMAGE = DockerImageName.parse("platter:latest");

  /** The program in the image. */
  private static final String PLATTER = "/opt/platter/platter";

  private static final String BUILD_IT = "build it in Platter's source: docker build -t platter .";
  private static final int METRICS_PORT = 9464;
  private static final int STOP_SECONDS = 30;
  private static final Duration EVENT_PATIENCE = Duration.ofSeconds(30);

  private final ServeCommandLine commandLine = new ServeCommandLine();
  private final PrivateFiles files = PrivateFiles.unmade();
  // Not Testcontainers' own binds: those it tries out first, with an image that it would pull.
  private final List<Bind> mounts = new ArrayList<>();
  private @Nullable String seccompProfile = ioUringProfile();
  private OptionalInt metricsPort = OptionalInt.empty();
  private int readyEvents = 1;

  /** A server from the image {@code platter:latest}, which must be on this host. */
  public PlatterContainer() {
    this(DEFAULT_IMAGE);
    withImagePullPolicy(image -> false);
  }

  /**
   * A server from another image, which is pulled if need be.
   *
   * @param image one that was built from Platter's Dockerfile
   */
  public PlatterContainer(DockerImageName image) {
    super(image);
    mount(files.sockets(), ServeCommandLine.SOCKETS);
    withEnv("PLATTER_CONTROL", ServeCommandLine.SOCKETS + "/" + controlName());
    withCreateContainerCmdModifier(
        create -> EngineHost.isolate(create.withUser(user()), mounts, seccompProfile));
    withStartupCheckStrategy(new ReadyWait.Started());
    waitingFor(new ReadyWait(() -> count("ready") >= readyEvents));
  }

  /**
   * Serves an image as a virtio-blk disk, over vhost-user.
   *
   * @param name what the socket and the log call it
   * @param image a regular file of the host, which this user may write to
   * @param options more options of {@code platter serve --export virtio-blk}, as {@code "queues=4"}
   *     or {@code "readonly"}
   * @throws IllegalArgumentException if the file is missing or the name is taken
   */
  public PlatterContainer withVirtioDisk(String name, Path image, String... options) {
    commandLine.export(Kind.VIRTIO, name, List.of(name), List.of(options));
    mountImage(image, name);
    return self();
  }

  /**
   * Serves images as the disks of one SATA controller, over vfio-user.
   *
   * @param name what the socket and the log call the controller
   * @param images regular files of the host, which this user may write to; one for each port
   * @throws IllegalArgumentException if a file is missing or the name is taken
   */
  public PlatterContainer withSataDisks(String name, Path... images) {
    List<String> names = new ArrayList<>();
    for (int port = 0; port < images.length; port++) {
      names.add(name + "-" + port);
    }
    commandLine.export(Kind.SATA, name, names, List.of());
    for (int port = 0; port < images.length; port++) {
      mountImage(images[port], names.get(port));
    }
    return self();
  }

  /**
   * Serves a new disk of zeros over vhost-user, which is removed with the container. It goes
   * through the page cache, so that it does not matter what file system the host's temporary
   * directory is on.
   *
   * @param name what the socket and the log call it
   * @param bytes its size, a multiple of 512
   * @param options as with {@link #withVirtioDisk}
   */
  public PlatterContainer withScratchDisk(String name, long bytes, String... options) {
    List<String> all = new ArrayList<>(Arrays.asList(options));
    all.add("cache=writeback");
    commandLine.export(Kind.VIRTIO, name, List.of(name), all);
    bindImage(files.scratch(name, bytes), name);
    return self();
  }

  /** Answers Prometheus; {@link #metricsUrl()} tells where. */
  public PlatterContainer withMetrics() {
    return withMetrics(METRICS_PORT);
  }

  /**
   * Answers Prometheus.
   *
   * @param port the port in the container: with {@code withNetworkMode("host")} that of the host
   */
  public PlatterContainer withMetrics(int port) {
    metricsPort = OptionalInt.of(port);
    return self();
  }

  /** More arguments of {@code platter serve}, as they are. */
  public PlatterContainer withServeArguments(String... arguments) {
    commandLine.add(List.of(arguments));
    return self();
  }

  /**
   * Limits memory; there is no swap beyond it. The server's heap is 128 MiB, and it maps its
   * clients' memory, which is not its own.
   */
  public PlatterContainer withMemoryLimit(long bytes) {
    return withCreateContainerCmdModifier(
        create -> EngineHost.config(create).withMemory(bytes).withMemorySwap(bytes));
  }

  /** Limits how many threads there can be in the container. */
  public PlatterContainer withPidsLimit(long count) {
    return withCreateContainerCmdModifier(create -> EngineHost.config(create).withPidsLimit(count));
  }

  /**
   * Replaces the seccomp profile.
   *
   * @param json a profile as the engine takes it; null for the engine's own, which may deny
   *     io_uring
   */
  public PlatterContainer withSeccompProfile(@Nullable String json) {
    seccompProfile = json;
    return self();
  }

  /** The seccomp profile that is used unless another one is given: it allows io_uring. */
  public static String ioUringProfile() {
    return EngineHost.ioUringProfile();
  }

  /** The socket of a virtio-blk disk, on the host. */
  public Path virtioSocket(String name) {
    return commandLine.socket(Kind.VIRTIO, name, files.sockets());
  }

  /** The socket of a SATA controller, on the host. */
  public Path sataSocket(String name) {
    return commandLine.socket(Kind.SATA, name, files.sockets());
  }

  /** The socket that {@code platter ctl} speaks to, on the host. */
  public Path controlSocket() {
    return files.sockets().resolve(controlName());
  }

  /**
   * Where the sockets are on the host: NAME.sock of each disk. Mount it in the containers of
   * clients, and run them as {@link #user()}.
   */
  public Path socketDirectory() {
    files.make();
    return files.sockets();
  }

  /** Whom the server runs as, {@code UID:GID} as {@code docker run --user} takes it. */
  public String user() {
    // In a rootless engine this user is the container's root.
    return EngineHost.isRootless() ? "0:0" : files.owner();
  }

  /** Where metrics are, from the host. */
  public URI metricsUrl() {
    int port = metricsPort.orElseThrow(() -> new IllegalStateException("call withMetrics before"));
    return onHostNetwork()
        ? URI.create("http://127.0.0.1:" + port + "/metrics")
        : URI.create(
            "http://"
                + getHost()
                + ":"
                + EngineHost.publishedPort(getCurrentContainerInfo(), port)
                + "/metrics");
  }

  /** What the server has logged so far: JSON objects, as docs/serve.md has them. */
  public List<String> events() {
    return getLogs().lines().filter(line -> line.startsWith("{")).toList();
  }

  /**
   * Has the server drain, flush and close its rings, as for a checkpoint; clients stay connected
   * and wait.
   *
   * @return the event {@code quiesced}
   */
  public String quiesce() {
    return signal("USR1", "quiesced");
  }

  /**
   * Has a quiesced server go on.
   *
   * @return the event {@code resumed}
   */
  public String resume() {
    return signal("HUP", "resumed");
  }

  /**
   * Runs {@code platter ctl} in the container.
   *
   * @param arguments as {@code "list"}
   */
  public ExecResult ctl(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(PLATTER, "ctl"));
    command.addAll(List.of(arguments));
    return execInContainer(command.toArray(String[]::new));
  }

  /** Kills the server, as if it had crashed: nothing is flushed, sockets stay behind. */
  public void kill() {
    dockerClient.killContainerCmd(getContainerId()).withSignal("KILL").exec();
    try (var end = dockerClient.waitContainerCmd(getContainerId()).start()) {
      end.awaitStatusCode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a server again that was killed, on the same sockets, and waits until it is ready. */
  public void restart() {
    readyEvents = count("ready") + 1;
    dockerClient.startContainerCmd(getContainerId()).exec();
    getWaitStrategy().waitUntilReady(this);
  }

  /**
   * Starts it.
   *
   * @throws ContainerLaunchException if the server refuses: with what it said, and its exit code
   */
  @Override
  public void start() {
    try {
      super.start();
    } catch (RuntimeException e) {
      String message = refusal(e);
      stop();
      throw new ContainerLaunchException(message, e);
    }
  }

  @Override
  public void stop() {
    super.stop();
    files.remove();
  }

  @Override
  protected void configure() {
    files.make();
    readyEvents = 1;
    if (metricsPort.isPresent() && !onHostNetwork()) {
      withExposedPorts(metricsPort.getAsInt());
    }
    setCommandParts(commandLine.arguments(metricsPort, onHostNetwork()).toArray(String[]::new));
  }

  @Override
  protected void containerIsStopping(InspectContainerResponse container) {
    // Else it would be killed.
    if (isRunning()) {
      dockerClient.stopContainerCmd(getContainerId()).withTimeout(STOP_SECONDS).exec();
    }
  }

  private boolean onHostNetwork() {
    return "host".equals(getNetworkMode());
  }

  private static String controlName() {
    return ServeCommandLine.socket(ServeCommandLine.CONTROL);
  }

  private void mountImage(Path image, String name) {
    // The engine would make a directory of what is not there.
    if (!Files.isRegularFile(image)) {
      throw new IllegalArgumentException(image + " is no regular file");
    }
    bindImage(image.toAbsolutePath(), name);
  }

  private void bindImage(Path image, String name) {
    mount(image, ServeCommandLine.IMAGES + "/" + name);
  }

  private void mount(Path source, String target) {
    mounts.add(new Bind(source.toString(), new Volume(target), AccessMode.rw));
  }

  /** What of the host's is in the container. */
  List<Bind> mounts() {
    return mounts;
  }

  private int count(String event) {
    return (int) events().stream().filter(line -> isEvent(line, event)).count();
  }

  private static boolean isEvent(String line, String event) {
    return line.contains("\"event\":\"" + event + "\"");
  }

  private String signal(String signal, String event) {
    int before = count(event);
    dockerClient.killContainerCmd(getContainerId()).withSignal(signal).exec();
    ReadyWait.await(() -> count(event) > before, this::isRunning, EVENT_PATIENCE, event);
    return events().stream()
        .filter(line -> isEvent(line, event))
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private String refusal(RuntimeException failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof ReadyWait.Missed) {
        return String.valueOf(e.getMessage());
      }
      if (e instanceof NotFoundException && getContainerId() == null) {
        return "no image " + getDockerImageName() + " on this host; " + BUILD_IT;
      }
    }
    return "platter serve was not started: " + failure.getMessage();
  }
}
