/**
 * {@code platter doctor}: what this host has of all that Platter and its users may trip over, on
 * one page that can be passed on. It shows no environment variable, no user, no host name and no
 * path but those of images that were given.
 *
 * <p>Each {@link dev.platter.emulator.doctor.DoctorCheck} looks at one matter, through {@link
 * dev.platter.emulator.host.HostFiles} so that tests can play a host. Files may be missing
 * anywhere: a check then says less, and never fails. Checks run on threads of their own, each for a
 * limited time, and know nothing of each other. This package changes nothing on the host and
 * measures nothing: that is what {@code platter lab} is for.
 */
@NullMarked
package dev.platter.emulator.doctor;

import org.jspecify.annotations.NullMarked;
