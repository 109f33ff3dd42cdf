package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is wrong, as it is found, so that all of it can be told at once. One thread. */
public final class Mistakes {
  private final List<PlatterException> found = new ArrayList<>();

  /** None yet. */
  public Mistakes() {}

  /** Adds one, or each of several. */
  public void add(PlatterException mistake) {
    found.addAll(mistake.parts());
  }

  /** Does a part of the work, which may turn out to be wrong. */
  public void attempt(Runnable part) {
    try {
      part.run();
    } catch (PlatterException e) {
      add(e);
    }
  }

  /** Makes something; null if that turns out to be wrong. */
  public <T> @Nullable T make(Supplier<T> maker) {
    try {
      return maker.get();
    } catch (PlatterException e) {
      add(e);
      return null;
    }
  }

  /** Whether none was found. */
  public boolean isEmpty() {
    return found.isEmpty();
  }

  /**
   * Ends the work if any was found.
   *
   * @throws PlatterException that consists of them
   */
  public void refuse() {
    if (!found.isEmpty()) {
      throw PlatterException.of(found);
    }
  }
}
