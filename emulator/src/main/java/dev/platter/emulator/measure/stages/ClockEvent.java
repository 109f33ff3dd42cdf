package dev.platter.emulator.measure.stages;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Ties the flight recorder's clock to that of System.nanoTime, which differ. */
@Name("platter.Clock")
@Label("Clock")
@Description("System.nanoTime, read between this event's begin and its end")
@Category("Platter")
@StackTrace(false)
final class ClockEvent extends Event {
  @Label("Nano Time")
  long nanoTime;

  /** Emits an event with the time on both clocks. */
  static void emit() {
    ClockEvent event = new ClockEvent();
    event.begin();
    event.nanoTime = System.nanoTime();
    event.end();
    event.commit();
  }
}
