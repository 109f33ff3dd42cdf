/** Platter in a container, for the tests of other projects. */
@NullMarked
package dev.platter.testcontainers;

import org.jspecify.annotations.NullMarked;
