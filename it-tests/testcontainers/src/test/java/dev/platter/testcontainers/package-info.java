/** Tests that need no container engine; those that do are in it-tests. */
@NullMarked
package dev.platter.testcontainers;

import org.jspecify.annotations.NullMarked;
