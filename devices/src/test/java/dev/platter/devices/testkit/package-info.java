/**
 * What a device is tested with in place of a machine, a loop and a disk.
 *
 * <p>Threading: one thread, that of the test. Nothing here is used by a command.
 */
@NullMarked
package dev.platter.devices.testkit;

import org.jspecify.annotations.NullMarked;
