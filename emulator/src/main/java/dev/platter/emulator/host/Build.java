package dev.platter.emulator.host;

import org.jspecify.annotations.Nullable;

/** The version of this build of Platter. */
public final class Build {
  private Build() {}

  /** The version from the jar's manifest; {@code "unpackaged"} when run from class directories. */
  public static String version() {
    @Nullable String version = Build.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
