package dev.platter.emulator.serve;

import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.RawImage;
import dev.platter.emulator.machine.Housekeeping;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Looks about twice a second whether images have changed their size. On a thread of its own: a file
 * system that does not answer must not stop a loop, and with it disks that lie elsewhere.
 */
final class ImageSizes implements AutoCloseable {
  private static final long PERIOD_MILLIS =
      TimeUnit.NANOSECONDS.toMillis(Housekeeping.PERIOD_NANOS);
  private static final long GOODBYE_MILLIS = 1_000;

  private final List<Watched> images = new ArrayList<>();
  private final Thread thread;
  private boolean closed;

  /** Begins with no image. */
  ImageSizes() {
    thread = Thread.ofPlatform().daemon().name("image-sizes").start(this::run);
  }

  /** An image that is looked after. */
  static final class Watched {
    private final RawImage image;
    private final AioContext loop;
    private long beforeBytes;
    private long seenBytes;
    private boolean announced;
    private boolean gone;

    private Watched(RawImage image, AioContext loop) {
      this.image = image;
      this.loop = loop;
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
  synchronized Watched add(RawImage image, AioContext loop) {
    Watched watched = new Watched(image, loop);
    images.add(watched);
    return watched;
  }

  /** Looks after it no more: it is not told of anything when this returns. */
  void remove(Watched watched) {
    watched.forget();
    synchronized (this) {
      images.remove(watched);
    }
  }

  private void run() {
    while (true) {
      List<Watched> now;
      synchronized (this) {
        try {
          if (!closed) {
            wait(PERIOD_MILLIS);
          }
        } catch (InterruptedException e) {
          return; // nobody does
        }
        if (closed) {
          return;
        }
        now = List.copyOf(images);
      }
      now.forEach(Watched::look);
    }
  }

  /** Ends; not waiting for a file system that does not answer. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join(GOODBYE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
