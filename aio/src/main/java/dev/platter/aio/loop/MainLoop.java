package dev.platter.aio.loop;

/**
 * The main loop of a machine: a thread that holds the machine's big lock except while it waits, and
 * whose ring the holders of that lock queue into. A process has one for each machine that it plays
 * a part of.
 */
public final class MainLoop extends ThreadedLoop {
  private final BigLock lock;

  /**
   * Starts the loop of a process that has but one, and waits until it is set up.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  public MainLoop(AioConfig config) {
    this("main-loop", config);
  }

  /**
   * Starts a loop and waits until it is set up.
   *
   * @param name the thread's and the loop's name
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  public MainLoop(String name, AioConfig config) {
    this(name, config, new BigLock());
  }

  private MainLoop(String name, AioConfig config, BigLock lock) {
    super(new LoopThread(name, config, lock, () -> {}));
    this.lock = lock;
  }

  /** The big lock. */
  public BigLock lock() {
    return lock;
  }
}
