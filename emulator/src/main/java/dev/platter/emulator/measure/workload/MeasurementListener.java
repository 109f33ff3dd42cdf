package dev.platter.emulator.measure.workload;

/** Hears from a workload when its measured part begins and ends, on the workload's thread. */
public interface MeasurementListener {
  /** Set-up and warm-up are over. */
  void begin();

  /** The last measured request has completed. */
  void end();
}
