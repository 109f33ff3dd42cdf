package dev.platter.emulator.measure.stages;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/**
 * Pauses for garbage collection from the JVM's management beans, for a JVM without a flight
 * recorder. Times are exact to the millisecond, and other safepoints are not seen.
 */
final class CollectorBeanPauses implements PauseRecorder {
  private static final long MILLI = 1_000_000;
  // Start, end and the JVM's own start are whole milliseconds.
  private static final long ERROR_NANOS = 2 * MILLI;

  private final NotificationListener listener = this::collected;
  private final List<NotificationEmitter> emitters = new ArrayList<>();
  private final List<JvmPause> pauses = new ArrayList<>();
  private final String why;
  private final long jvmStartNanos;

  /**
   * Starts to listen.
   *
   * @param why the reason why there is no flight recorder, in a phrase
   */
  CollectorBeanPauses(String why) {
    this.why = why;
    jvmStartNanos = System.nanoTime() - ManagementFactory.getRuntimeMXBean().getUptime() * MILLI;
    for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (stopsThreads(bean.getName()) && bean instanceof NotificationEmitter emitter) {
        emitter.addNotificationListener(listener, null, null);
        emitters.add(emitter);
      }
    }
  }

  /** Concurrent collectors have a bean for their cycles, during which threads run. */
  static boolean stopsThreads(String bean) {
    return !bean.contains("Cycles") && !bean.contains("Concurrent");
  }

  private void collected(Notification notification, Object handback) {
    if (notification
            .getType()
            .equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)
        && notification.getUserData() instanceof CompositeData data) {
      GarbageCollectionNotificationInfo info = GarbageCollectionNotificationInfo.from(data);
      long begin = jvmStartNanos + info.getGcInfo().getStartTime() * MILLI;
      long end = jvmStartNanos + info.getGcInfo().getEndTime() * MILLI;
      synchronized (pauses) {
        pauses.add(new JvmPause("gc", begin, end, info.getGcName() + ", " + info.getGcCause()));
      }
    }
  }

  @Override
  public void tick() {}

  @Override
  public Found stop() {
    for (NotificationEmitter emitter : emitters) {
      try {
        emitter.removeNotificationListener(listener);
      } catch (ListenerNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
    synchronized (pauses) {
      return new Found(
          List.copyOf(pauses),
          "garbage collector beans, to the millisecond and without other safepoints: " + why,
          ERROR_NANOS);
    }
  }
}
