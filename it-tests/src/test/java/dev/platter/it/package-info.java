/**
 * Tests that need every module, a real guest or a container, and the checks on the architecture.
 *
 * <p>Role: {@code *Test} classes run in every build and need nothing but the JDK; {@code *IT}
 * classes run with {@code -Pit} and may need root, a virtual machine or a container engine.
 * Threading: one test at a time. Nothing here is a substitute for the unit tests that sit beside
 * the code they test.
 */
@NullMarked
package dev.platter.it;

import org.jspecify.annotations.NullMarked;
