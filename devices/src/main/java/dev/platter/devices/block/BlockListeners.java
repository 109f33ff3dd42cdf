package dev.platter.devices.block;

import dev.platter.devices.block.meter.Operation;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The listeners of one disk, called one after the other. Any thread. */
public final class BlockListeners implements BlockListener {
  private final List<BlockListener> listeners = new CopyOnWriteArrayList<>();

  /** Adds a listener. */
  public void add(BlockListener listener) {
    listeners.add(listener);
  }

  /** Removes a listener that was added, the same object; does nothing if it was not. */
  public void remove(BlockListener listener) {
    listeners.remove(listener);
  }

  /** Whether there is no listener. */
  public boolean isEmpty() {
    return listeners.isEmpty();
  }

  @Override
  public void failed(Operation operation, long offsetBytes, long lengthBytes, int errno) {
    listeners.forEach(each -> each.failed(operation, offsetBytes, lengthBytes, errno));
  }

  @Override
  public void slow(
      Operation operation, long offsetBytes, long lengthBytes, long seconds, long requests) {
    listeners.forEach(each -> each.slow(operation, offsetBytes, lengthBytes, seconds, requests));
  }

  @Override
  public void noLongerSlow(long seconds, long requests) {
    listeners.forEach(each -> each.noLongerSlow(seconds, requests));
  }

  @Override
  public void flushFailed(int errno) {
    listeners.forEach(each -> each.flushFailed(errno));
  }

  @Override
  public void discardRefused(long offsetBytes, long lengthBytes, int errno) {
    listeners.forEach(each -> each.discardRefused(offsetBytes, lengthBytes, errno));
  }
}
