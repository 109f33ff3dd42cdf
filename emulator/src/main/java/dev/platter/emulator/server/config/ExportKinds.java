package dev.platter.emulator.server.config;

import java.util.List;

/** The kinds of devices that Platter serves. */
public final class ExportKinds {
  /** All kinds, in the order in which messages name them. */
  public static final List<ExportKind> ALL = List.of(VirtioBlkExport.KIND, AhciExport.KIND);

  private ExportKinds() {}
}
