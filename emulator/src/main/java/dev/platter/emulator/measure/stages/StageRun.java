package dev.platter.emulator.measure.stages;

import java.util.List;

/**
 * One run of a device, recorded.
 *
 * @param number from 1
 * @param recorders one for each thread that recorded; their writers are done
 * @param marks of sources other than the recorders and the observer
 */
public record StageRun(int number, List<StageRecorder> recorders, List<MarkLog> marks) {}
