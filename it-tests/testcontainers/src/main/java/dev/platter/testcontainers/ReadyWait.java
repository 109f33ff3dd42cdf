package dev.platter.testcontainers;

import com.github.dockerjava.api.DockerClient;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;

/** Waits until the server is ready, but no longer than it lives. */
final class ReadyWait extends AbstractWaitStrategy {
  private static final Duration STEP = Duration.ofMillis(50);

  /** What came instead of what was waited for. */
  static final class Missed extends ContainerLaunchException {
    private static final long serialVersionUID = 1;

    Missed(String message) {
      super(message);
    }
  }

  /** Leaves it to the wait to see that a container has ended: it knows why. */
  static final class Started extends StartupCheckStrategy {
    @Override
    public StartupStatus checkStartupState(DockerClient client, String container) {
      return StartupStatus.SUCCESSFUL;
    }
  }

  private final BooleanSupplier ready;

  ReadyWait(BooleanSupplier ready) {
    this.ready = ready;
  }

  @Override
  protected void waitUntilReady() {
    try {
      await(ready, waitStrategyTarget::isRunning, startupTimeout, "ready");
    } catch (Missed e) {
      // Testcontainers is about to remove the container, and its log with it.
      throw new Missed(e.getMessage() + end() + ":\n" + waitStrategyTarget.getLogs().strip());
    }
  }

  private String end() {
    if (waitStrategyTarget.isRunning()) {
      return "";
    }
    var state = waitStrategyTarget.getCurrentContainerInfo().getState();
    return ", with exit code " + state.getExitCodeLong();
  }

  /**
   * Waits.
   *
   * @param done whether it has happened
   * @param alive whether it still can
   * @param longest how long to wait
   * @param what it is, for messages
   * @throws Missed if it does not happen
   */
  static void await(BooleanSupplier done, BooleanSupplier alive, Duration longest, String what) {
    long deadline = System.nanoTime() + longest.toNanos();
    while (true) {
      // Asked in this order: what it did before it ended counts.
      boolean lives = alive.getAsBoolean();
      if (done.getAsBoolean()) {
        return;
      }
      if (!lives) {
        throw new Missed("platter serve ended before it was " + what);
      }
      if (System.nanoTime() - deadline > 0) {
        throw new Missed("platter serve was not " + what + " within " + longest.toSeconds() + " s");
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(STEP.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerLaunchException("interrupted", e);
    }
  }
}
