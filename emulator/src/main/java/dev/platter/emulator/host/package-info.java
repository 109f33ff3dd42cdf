/**
 * What the host did to this process while something was measured, and what lies below an image: CPU
 * time that threads waited for, other work on the host, the block device.
 *
 * <p>Threading: readings are values; each is taken by the thread that asks for it. Nothing here
 * knows of runs, devices or reports.
 */
@NullMarked
package dev.platter.emulator.host;

import org.jspecify.annotations.NullMarked;
