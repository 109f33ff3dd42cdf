/**
 * Collects the stage timelines of requests and judges them: how long each stage took, which
 * requests were slowest, which ones stalled and why.
 *
 * <p>Read {@link dev.platter.emulator.measure.stages.StageRecorder} first, then {@link
 * dev.platter.emulator.measure.stages.StallJudge} and {@link
 * dev.platter.emulator.measure.stages.StageReport}.
 *
 * <p>Threading: a recorder has one writer and takes no lock; it is read when the writer is done.
 * {@link dev.platter.emulator.measure.stages.PauseObserver} has threads of its own. This package
 * only reads stamps; loops and devices write them into {@code aio.trace.Timeline}.
 */
@NullMarked
package dev.platter.emulator.measure.stages;

import org.jspecify.annotations.NullMarked;
