/**
 * Workloads on a disk and their measurement: iotest, bench, verification. They run on a target: a
 * guest driver on a vCPU, or a ring without a device in front.
 *
 * <p>Threading: a workload runs on one thread, the vCPU's or (for {@code raw}) the loop's own. In
 * steady state it allocates nothing. This package prints nothing.
 */
@NullMarked
package dev.platter.emulator.measure.workload;

import org.jspecify.annotations.NullMarked;
