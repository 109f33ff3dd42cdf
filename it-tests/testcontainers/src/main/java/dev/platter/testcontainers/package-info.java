/**
 * Platter in a container, for the tests of other projects.
 *
 * <p>Role: {@link dev.platter.testcontainers.PlatterContainer} starts {@code platter serve} with
 * Testcontainers and gives the host's paths of its sockets. Threading: as Testcontainers, one
 * thread at a time. It does not speak to the disks, and it needs none of Platter's other modules:
 * what it knows of the server is its command line and its log.
 */
@NullMarked
package dev.platter.testcontainers;

import org.jspecify.annotations.NullMarked;
