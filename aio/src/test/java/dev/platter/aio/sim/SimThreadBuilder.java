package dev.platter.aio.sim;

import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** Stands in for {@link Thread.Builder.OfPlatform} in code that the simulation runs. */
public final class SimThreadBuilder {
  private @Nullable String name;

  SimThreadBuilder() {}

  /** As {@link Thread.Builder.OfPlatform#name(String)}. */
  public SimThreadBuilder name(String its) {
    name = its;
    return this;
  }

  /** As {@link Thread.Builder.OfPlatform#daemon()}. */
  public SimThreadBuilder daemon() {
    return this;
  }

  /** As {@link Thread.Builder.OfPlatform#unstarted}. */
  public Thread unstarted(Runnable body) {
    return SimHooks.world().thread(name, body);
  }

  /** As {@link Thread.Builder.OfPlatform#start}. */
  public Thread start(Runnable body) {
    Thread thread = unstarted(body);
    thread.start();
    return thread;
  }

  /** As {@link Thread.Builder.OfPlatform#factory}. */
  public ThreadFactory factory() {
    return this::unstarted;
  }
}
