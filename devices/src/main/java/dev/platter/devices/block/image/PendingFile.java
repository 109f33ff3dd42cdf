package dev.platter.devices.block.image;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A new file that is removed again unless it is kept: by {@link #close}, or when the JVM is told to
 * go while it is being made (SIGINT, SIGTERM). SIGKILL leaves it behind.
 */
final class PendingFile implements AutoCloseable {
  private enum State {
    /** There is no file yet. */
    NONE,
    /** There is one, to be removed. */
    PENDING,
    /** It is kept, or removed, or never to be made. */
    SETTLED
  }

  private final Path path;
  private final FileHandle handle;
  private final Thread hook;
  private State state = State.NONE;

  private PendingFile(Path path) {
    this.path = path;
    this.hook = new Thread(this::discard, "platter-discard");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      throw interrupted(); // the JVM is going down, and nothing new is begun
    }
    synchronized (this) {
      if (state == State.SETTLED) {
        throw interrupted();
      }
      try {
        this.handle = FileHandle.create(path.toString());
      } catch (RuntimeException e) {
        state = State.SETTLED;
        forgetHook();
        throw e;
      }
      state = State.PENDING;
    }
  }

  /**
   * Creates it, empty.
   *
   * @throws PlatterException if it cannot be created, also if it exists
   */
  static PendingFile create(Path path) {
    return new PendingFile(path);
  }

  /** The file, open for reading and writing. */
  FileHandle handle() {
    return handle;
  }

  /** It is complete, under the name it has. */
  synchronized void keep() {
    checkPending();
    state = State.SETTLED;
  }

  /**
   * It is complete, and takes the name and place of another.
   *
   * @throws IOException if it cannot be renamed; it is still pending then
   */
  synchronized void keepAs(Path target) throws IOException {
    checkPending();
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    state = State.SETTLED;
  }

  private void checkPending() {
    if (state != State.PENDING) {
      throw interrupted();
    }
  }

  private PlatterException interrupted() {
    return PlatterException.failed("the creation of " + path + " was interrupted", null);
  }

  private synchronized void discard() {
    if (state == State.PENDING) {
      Libc.unlink(path.toString());
    }
    state = State.SETTLED;
  }

  /** Removes it unless it is kept; closes it. Idempotent. */
  @Override
  public void close() {
    discard();
    handle.close();
    forgetHook();
  }

  private void forgetHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is going down: the hook has run, or will and finds nothing to do.
      return;
    }
  }
}
