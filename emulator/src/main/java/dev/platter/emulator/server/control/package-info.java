/**
 * The control socket of a server: lines of JSON that ask how it is and change what it serves, and
 * the client that {@code platter ctl} is.
 *
 * <p>Threading: one thread accepts, and each connection has one. What changes the server is done
 * one after the other ({@link dev.platter.emulator.server.Server}); what only looks waits for none
 * of it. Nothing here runs on a loop or holds the big lock.
 *
 * <p>Does not read the command line ({@code cli}) and knows no disk protocol.
 */
@NullMarked
package dev.platter.emulator.server.control;

import org.jspecify.annotations.NullMarked;
