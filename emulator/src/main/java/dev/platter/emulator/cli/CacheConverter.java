package dev.platter.emulator.cli;

import dev.platter.devices.block.CacheMode;

/** Reads a value of {@code --cache}. */
final class CacheConverter extends ChoiceConverter<CacheMode> {
  /** For picocli. */
  CacheConverter() {
    super(CacheMode.class);
  }
}
