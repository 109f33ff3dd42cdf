package dev.platter.emulator.server;

import dev.platter.aio.file.FileChanges;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.Resizable;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks whether images have changed their size: when a file may have, and now and then for those of
 * which the kernel does not tell, such as block devices. On a thread of its own: a file system that
 * does not answer must not stop a loop, and with it disks that lie elsewhere.
 */
final class ImageSizes implements AutoCloseable {
  /** An idle server hardly wakes. */
  private static final int PERIOD_MILLIS = 10_000;

  private static final long GOODBYE_MILLIS = 1_000;

  private final List<Watched> images = new ArrayList<>();
  private final FileChanges changes = new FileChanges();
  private final Thread thread;
  private volatile boolean closed;

  /** Begins with no image. */
  ImageSizes() {
    thread = Thread.ofPlatform().daemon().name("image-sizes").start(this::run);
  }

  /** An image that is looked after. */
  static final class Watched {
    private final Resizable image;
    private final AioContext loop;
    private final int watch;
    private long beforeBytes;
    private long seenBytes;
    private boolean announced;
    private boolean gone;

    private Watched(Resizable image, AioContext loop, int watch) {
      this.image = image;
      this.loop = loop;
      this.watch = watch;
    }

    /** Not in the monitor: it waits for the file system. */
    private void look() {
      long before = image.sizeBytes();
      seen(before, image.currentSizeBytes());
    }

    /**
     * The file's size is known.
     *
     * @param before the disk's when the file system was asked; if that is another by now, who has
     *     changed it knew better
     * @param now what the disk's should be
     */
    void seen(long before, long now) {
      synchronized (this) {
        if (gone || announced || now == before || image.sizeBytes() != before) {
          return;
        }
        beforeBytes = before;
        seenBytes = now;
        announced = true;
      }
      loop.newBottomHalf(this::tell).schedule(); // one that is suspended does so when it goes on
    }

    private synchronized void tell() {
      announced = false;
      if (!gone && image.sizeBytes() == beforeBytes) {
        image.resizeTo(seenBytes);
      }
    }

    private synchronized void forget() {
      gone = true;
    }
  }

  /**
   * Looks after one more.
   *
   * @param loop where it is told of its new size
   */
  Watched add(Resizable image, AioContext loop) {
    Watched watched = new Watched(image, loop, image.watchedBy(changes));
    synchronized (this) {
      images.add(watched);
    }
    return watched;
  }

  /** Looks after it no more: it is not told of anything when this returns. */
  void remove(Watched watched) {
    watched.forget();
    synchronized (this) {
      if (images.remove(watched)) {
        changes.unwatch(watched.watch);
      }
    }
  }

  private void run() {
    while (!closed) {
      changes.await(PERIOD_MILLIS);
      List<Watched> now;
      synchronized (this) {
        now = List.copyOf(images);
      }
      now.forEach(Watched::look);
    }
    changes.close();
  }

  /** Ends; not waiting for a file system that does not answer. */
  @Override
  public void close() {
    closed = true;
    changes.wake();
    try {
      thread.join(GOODBYE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
