/**
 * Numbers of the Linux kernel's ABI: structure offsets, flags, opcodes. Each class names the header
 * it repeats; a test compares them with the machine's own headers through gcc.
 *
 * <p>Constants only: no behaviour, no native call, safe from any thread.
 */
@NullMarked
package dev.platter.aio.abi;

import org.jspecify.annotations.NullMarked;
