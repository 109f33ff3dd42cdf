package dev.platter.emulator.cli.shared;

import dev.platter.devices.block.image.CacheMode;

/** Reads a value of {@code --cache}. */
public final class CacheConverter extends ChoiceConverter<CacheMode> {
  /** For picocli. */
  CacheConverter() {
    super(CacheMode.class);
  }
}
