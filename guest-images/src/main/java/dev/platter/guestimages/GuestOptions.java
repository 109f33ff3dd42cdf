package dev.platter.guestimages;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a guest is built.
 *
 * @param cacheDirectory where packages and finished guests are kept
 * @param kernel a kernel image to use instead of Debian's, or null
 * @param modules its modules, a directory like {@code /lib/modules/VERSION}; null exactly if {@code
 *     kernel} is null
 * @param refresh whether to ask apt for newer packages than those in the cache
 * @param progress gets one line before each step that takes long
 */
public record GuestOptions(
    Path cacheDirectory,
    @Nullable Path kernel,
    @Nullable Path modules,
    boolean refresh,
    Consumer<String> progress) {

  /** Debian's kernel, in the default cache, silently. */
  public static GuestOptions defaults() {
    return new GuestOptions(Cache.defaultDirectory(), null, null, false, line -> {});
  }

  /** These options with another cache. */
  public GuestOptions withCache(Path directory) {
    return new GuestOptions(directory, kernel, modules, refresh, progress);
  }

  /** These options with a kernel of the caller's and its modules. */
  public GuestOptions withKernel(Path image, Path moduleDirectory) {
    return new GuestOptions(cacheDirectory, image, moduleDirectory, refresh, progress);
  }

  /** These options, asking apt for newer packages or not. */
  public GuestOptions withRefresh(boolean newer) {
    return new GuestOptions(cacheDirectory, kernel, modules, newer, progress);
  }

  /** These options with a listener for progress. */
  public GuestOptions withProgress(Consumer<String> listener) {
    return new GuestOptions(cacheDirectory, kernel, modules, refresh, listener);
  }
}
