/**
 * What is run against a disk and how it is measured: iotest, bench, verification; and the targets
 * they run on: a guest driver on a vCPU, or the ring with no device in front.
 *
 * <p>Threading: a workload runs on one thread, the vCPU's or (for {@code raw}) the loop's own. In
 * steady state it allocates nothing. This package prints nothing.
 */
@NullMarked
package dev.platter.emulator.measure.workload;

import org.jspecify.annotations.NullMarked;
