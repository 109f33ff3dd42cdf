package dev.platter.emulator.confine;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Landlock;
import dev.platter.aio.sys.ProcessControl;
import dev.platter.emulator.serve.ImageCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Confines this process. Two JVMs take part, one after the other in the same process: the first
 * checks the plan, puts its main thread under the rules and executes the same program again, so
 * that every thread of the second is under them from its first instruction; the second verifies
 * that, and goes on.
 */
public final class Confinement {
  private static final List<String> JVM_OPTIONS =
      List.of(
          // Would be files in /tmp, and what reaches into the process from outside.
          "-XX:-UsePerfData",
          "-XX:+DisableAttachMechanism",
          // Would be a file in the working directory.
          "-XX:+ErrorFileToStderr");

  private static volatile Map<String, Object> state = Map.of("landlock", "off");

  private Confinement() {}

  /**
   * Confines this process as planned. Call it before anything else is started: it may execute the
   * program again, and returns in the process that is confined.
   *
   * @throws PlatterException if an image or path of the plan cannot be used, if the mode is {@code
   *     ON} and the kernel cannot do it, or if the process turns out not to be confined
   */
  public static void enter(ConfinementPlan plan) {
    if (plan.mode() == ConfinementPlan.Mode.OFF) {
      return;
    }
    Mark mark = Mark.of(System.getenv(Mark.VARIABLE), ProcessHandle.current().pid());
    if (mark != null) {
      Verification.verify(mark);
      arrive(new LandlockLevel(mark.abi()));
      return;
    }
    LandlockLevel level = new LandlockLevel(Landlock.landlockAbi());
    if (plan.mode() == ConfinementPlan.Mode.ON && !level.available()) {
      throw PlatterException.hostLacks(
          "cannot confine the server, Landlock is " + level.reason(), level.remedy());
    }
    // While files and their users can still be seen, so that what is refused can be explained.
    ImageCheck.check(plan.config());
    confineAndExecute(plan, level);
  }

  /** The state of this process, as fields of the log event {@code confined}. */
  public static Map<String, Object> state() {
    return state;
  }

  private static void confineAndExecute(ConfinementPlan plan, LandlockLevel level) {
    try {
      String outside = Verification.choosePath();
      Mark mark = new Mark(ProcessHandle.current().pid(), level.abi(), outside);
      SameProgram program =
          SameProgram.running()
              .withOptions(options(plan))
              .withVariable(Mark.VARIABLE, mark.value());
      removePerfData();
      check("set no_new_privs", ProcessControl.setNoNewPrivs());
      if (level.available()) {
        enforce(plan, level);
      }
      program.execute(descriptors(plan));
    } catch (IOException e) {
      throw PlatterException.failed("cannot confine the server: " + e, "Use --confine off");
    }
  }

  private static void enforce(ConfinementPlan plan, LandlockLevel level) throws IOException {
    // systemd's socket may have an abstract name.
    String manager = System.getenv("NOTIFY_SOCKET");
    try (Ruleset rules = Ruleset.create(level, manager == null || !manager.startsWith("@"))) {
      rules.allow(AccessRules.of(plan, JvmFiles.running()));
      rules.allow(plan.metricsPort());
      check("enforce the Landlock rules", rules.enforce());
    }
  }

  private static List<String> options(ConfinementPlan plan) {
    List<String> options = new ArrayList<>(JVM_OPTIONS);
    if (!plan.written().isEmpty()) {
      // A flight recorder needs a directory; this one is writable anyway.
      options.add("-Djava.io.tmpdir=" + AccessRules.writtenIn(plan.written().getFirst()));
    }
    return options;
  }

  private static List<Integer> descriptors(ConfinementPlan plan) {
    List<Integer> inherited = new ArrayList<>(plan.descriptors());
    inherited.addAll(
        SameProgram.fromSystemd(
            System.getenv().getOrDefault("LISTEN_FDS", "0"),
            System.getenv().getOrDefault("LISTEN_PID", "")));
    return inherited;
  }

  /** What the first JVM has told about itself in /tmp is not true of the second. */
  private static void removePerfData() throws IOException {
    String user = System.getProperty("user.name");
    Files.deleteIfExists(
        Path.of("/tmp", "hsperfdata_" + user, Long.toString(ProcessHandle.current().pid())));
  }

  private static void check(String what, int result) {
    if (result < 0) {
      throw PlatterException.failed(
          "cannot " + what + ": " + Errno.name(result), "Use --confine off");
    }
  }

  private static void arrive(LandlockLevel level) {
    check("make the process undumpable", ProcessControl.setDumpable(false));
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("landlock", level.describe());
    fields.put("no_new_privs", Verification.noThreadMayGainPrivileges());
    fields.put("dumpable", ProcessControl.dumpable() != 0);
    fields.put(
        "lacking", level.lacking().isEmpty() ? "nothing" : String.join(", ", level.lacking()));
    state = Collections.unmodifiableMap(fields);
  }
}
