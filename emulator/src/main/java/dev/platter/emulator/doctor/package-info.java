/**
 * {@code platter doctor}: one page on the properties of this host that may cause trouble for
 * Platter and its users, fit to be passed on. It shows no environment variable, no user, no host
 * name and no path but those of images that were given.
 *
 * <p>Each {@link dev.platter.emulator.doctor.DoctorCheck} examines one subject, through {@link
 * dev.platter.emulator.host.HostFiles} so that tests can play a host. Any file may be missing; a
 * check then says less, and never fails. Checks run on threads of their own, each for a limited
 * time, and know nothing of each other. This package changes nothing on the host and measures
 * nothing; {@code platter lab} measures.
 */
@NullMarked
package dev.platter.emulator.doctor;

import org.jspecify.annotations.NullMarked;
