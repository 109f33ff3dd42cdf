package dev.platter.devices.virtio.mmio;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.virtio.DescriptorChain;
import dev.platter.devices.virtio.VirtQueue;
import dev.platter.devices.virtio.VirtioDevice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A device of two queues that records what its transport does and gives every buffer back. */
final class FakeDevice implements VirtioDevice {
  static final long FEATURES = 0b101;

  final List<String> calls = new ArrayList<>();
  final @Nullable VirtQueue[] queues = new @Nullable VirtQueue[2];
  Runnable configChange = () -> {};
  byte config;

  @Override
  public int deviceId() {
    return 42;
  }

  @Override
  public long features() {
    return FEATURES;
  }

  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public int maxQueueSize() {
    return 8;
  }

  @Override
  public long readConfig(long offset, int sizeBytes) {
    return offset == 0 ? config & 0xff : 0;
  }

  @Override
  public void restoreConfig(long offset, int sizeBytes, long value) {
    writeConfig(offset, sizeBytes, value);
  }

  @Override
  public void writeConfig(long offset, int sizeBytes, long value) {
    if (offset == 0) {
      config = (byte) value;
    }
  }

  @Override
  public void onConfigChange(Runnable listener) {
    configChange = listener;
  }

  @Override
  public void activate(long features) {
    calls.add("activate 0x" + Long.toHexString(features));
  }

  @Override
  public void startQueue(int index, VirtQueue queue, @Nullable EventNotifier doorbell) {
    calls.add("start " + index);
    queues[index] = queue;
  }

  @Override
  public void stopQueue(int index) {
    calls.add("stop " + index);
    queues[index] = null;
  }

  @Override
  public void reset() {
    calls.add("reset");
  }

  @Override
  public void close() {
    calls.add("close");
  }

  /** Takes all buffers, gives them back, tells the driver. */
  void process(int index) {
    VirtQueue queue = queues[index];
    if (queue != null) {
      DescriptorChain chain;
      while ((chain = queue.pop()) != null) {
        queue.push(chain, 0);
      }
      queue.notifyDriver();
    }
  }
}
