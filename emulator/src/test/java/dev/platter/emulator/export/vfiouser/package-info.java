/**
 * Tests of the vfio-user server from the client's side of its socket. Sections named in tests are
 * those of the protocol's specification.
 */
@NullMarked
package dev.platter.emulator.export.vfiouser;

import org.jspecify.annotations.NullMarked;
