package dev.platter.emulator.result;

import dev.platter.aio.loop.Ablation;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What sets a row apart from the device's ordinary one.
 *
 * @param label in words, as the table shows it behind the device's name; empty for the ordinary one
 * @param ablated what the main loop does without
 */
public record Variant(String label, Set<Ablation> ablated) {
  /** As it ought to be. */
  public static final Variant ORDINARY = new Variant("", Set.of());

  /** Copies the set. */
  public Variant {
    ablated = Set.copyOf(ablated);
  }

  /** With so many requests outstanding, in a sweep over depths. */
  public static Variant ofDepth(int depth) {
    return new Variant("depth " + depth, Set.of());
  }

  /** Without one thing. */
  public static Variant without(Ablation ablation) {
    String name = name(ablation).replace('_', ' ');
    return new Variant(name + " off", EnumSet.of(ablation));
  }

  /** Whether SQEs that vCPUs queue wake the main loop. */
  boolean notifies() {
    return !ablated.contains(Ablation.NOTIFY);
  }

  /** What is left out, as JSON names it. */
  List<String> names() {
    return ablated.stream().sorted().map(Variant::name).toList();
  }

  private static String name(Ablation ablation) {
    return ablation.name().toLowerCase(Locale.ROOT);
  }
}
