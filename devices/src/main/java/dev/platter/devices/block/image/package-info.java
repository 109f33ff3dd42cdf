/**
 * Image files as files: how one is made, grown, allocated and aligned, what its contents are, and
 * how a user wants it opened.
 *
 * <p>Threading: calls block for as long as the host's file system takes, so that no loop makes
 * them. This package serves no request and knows no disk: {@link dev.platter.devices.block} stands
 * above it.
 */
@NullMarked
package dev.platter.devices.block.image;

import org.jspecify.annotations.NullMarked;
