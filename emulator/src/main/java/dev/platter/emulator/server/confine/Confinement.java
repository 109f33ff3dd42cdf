package dev.platter.emulator.server.confine;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Landlock;
import dev.platter.aio.sys.ProcessControl;
import dev.platter.emulator.host.OwnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Confines this process. Two JVMs run, one after the other in the same process. The first checks
 * the plan, puts its main thread under the rules and executes the same program again, so that every
 * thread of the second is under them from its first instruction; the second verifies that, and goes
 * on.
 */
public final class Confinement {
  private static final List<String> JVM_OPTIONS =
      List.of(
          // These would make files in /tmp, or let other processes into this one.
          "-XX:-UsePerfData",
          "-XX:+DisableAttachMechanism",
          // This would make a file in the working directory.
          "-XX:+ErrorFileToStderr");

  private static final Pattern DESCRIPTOR =
      Pattern.compile(
          "/+(?:proc/+(?:self|thread-self|"
              + ProcessHandle.current().pid()
              + ")|dev)/+fd/+(?!0*[0-2]$)[0-9]+");

  private static final String IPV4_ALONE = "java.net.preferIPv4Stack";

  private static volatile ConfinementState state = ConfinementState.OFF;

  private Confinement() {}

  /**
   * Confines this process as planned. Call it before anything else is started: it may execute the
   * program again, and returns in the process that is confined.
   *
   * @param note gets warnings beforehand about causes that may keep the JVM from starting again
   * @throws PlatterException if an image or path of the plan cannot be used, if the mode is {@code
   *     ON} and the kernel cannot do it, or if the process turns out not to be confined
   */
  public static void enter(ConfinementPlan plan, Consumer<String> note) {
    if (plan.mode() == ConfinementPlan.Mode.OFF) {
      if (plan.ipv4Alone() && System.getProperty(IPV4_ALONE) == null) {
        executeOnIpv4(plan);
      }
      return;
    }
    ConfinementMark mark =
        ConfinementMark.of(System.getenv(ConfinementMark.VARIABLE), ProcessHandle.current().pid());
    if (mark != null) {
      ConfinementCheck.verify(mark);
      arrive(new LandlockLevel(mark.abi()), !mark.outside().isEmpty());
      return;
    }
    check(plan.mode());
    confineAndExecute(plan, new LandlockLevel(Landlock.landlockAbi()), note);
  }

  /**
   * Whether this is the second JVM. The first could still see files and their users, and has
   * refused errors.
   */
  public static boolean hasBegun() {
    return ConfinementMark.of(
            System.getenv(ConfinementMark.VARIABLE), ProcessHandle.current().pid())
        != null;
  }

  /**
   * Checks that the kernel supports a mode.
   *
   * @throws PlatterException of kind HOST_LACKS if not
   */
  public static void check(ConfinementPlan.Mode mode) {
    LandlockLevel level = new LandlockLevel(Landlock.landlockAbi());
    if (mode == ConfinementPlan.Mode.ON && !level.available()) {
      throw PlatterException.hostLacks(
          "cannot confine the server, Landlock is " + level.reason(), level.remedy());
    }
  }

  /**
   * Checks that a path to allow exists.
   *
   * @throws PlatterException of kind BAD_INPUT if not
   */
  public static void checkAllowed(Path path) {
    if (Files.notExists(path)) {
      throw PlatterException.badInput(
          "cannot allow " + path + ": there is no such file or directory",
          "Make it first; images that are added later may lie in it");
    }
    try {
      var _ = path.toRealPath();
    } catch (IOException e) {
      throw PlatterException.badInput(
          "cannot allow " + path + ": this user cannot reach it",
          "Check the owner and mode of its directories");
    }
  }

  /**
   * Checks that a path still leads to the same image once this process is confined.
   *
   * @throws PlatterException of kind BAD_INPUT if it names a descriptor, which the second JVM does
   *     not inherit: it may have a file of its own there
   */
  public static void checkImage(String path) {
    if (DESCRIPTOR.matcher(path).matches()) {
      throw PlatterException.badInput(
          "cannot use " + path + " as an image: a confined server does not inherit it",
          "Name the file itself, or use --confine off");
    }
  }

  /**
   * Checks that a confined JVM can be started with the options of this one.
   *
   * @param allowed files and directories that it may open later
   * @throws PlatterException of kind BAD_INPUT if not
   */
  public static void checkJvm(List<Path> allowed) {
    if (new LandlockLevel(Landlock.landlockAbi()).available()) {
      try {
        JvmOptions.running().check(allowed);
      } catch (IOException e) {
        throw unable(e);
      }
    }
  }

  private static PlatterException unable(IOException e) {
    return PlatterException.failed(
        "cannot confine the server: " + IoReason.of(e), "Use --confine off");
  }

  /** Removes the files that {@link #enter} has made, at the end of the process. */
  public static void leave() {
    ScratchDirectory scratch = ScratchDirectory.own();
    if (scratch != null) {
      scratch.remove();
    }
  }

  /** How far this process is confined. Any thread. */
  public static ConfinementState state() {
    return state;
  }

  private static void confineAndExecute(
      ConfinementPlan plan, LandlockLevel level, Consumer<String> note) {
    ScratchDirectory scratch = null;
    try {
      JvmOptions jvm = JvmOptions.running();
      if (level.available()) {
        jvm.agents().forEach(agent -> note.accept(confined(agent)));
      }
      scratch = scratch(plan);
      List<PathRule> rules = level.available() ? rules(plan, scratch, jvm) : List.of();
      String outside = ConfinementCheck.choosePath(rules);
      ConfinementMark mark =
          new ConfinementMark(ProcessHandle.current().pid(), level.abi(), outside);
      SameProgram program =
          SameProgram.running()
              .withOptions(options(plan, scratch))
              .withVariable(ConfinementMark.VARIABLE, mark.value());
      removePerfData(
          Path.of("/tmp", "hsperfdata_" + System.getProperty("user.name")),
          ProcessHandle.current().pid());
      check("set no_new_privs", ProcessControl.setNoNewPrivs());
      if (level.available()) {
        enforce(plan, level, rules);
      }
      List<Integer> inherited = descriptors(plan);
      if (scratch != null) {
        inherited.add(scratch.lock());
      }
      program.execute(inherited);
    } catch (IOException e) {
      throw unable(e);
    } finally { // the program was not executed
      if (scratch != null) {
        scratch.remove();
      }
    }
  }

  private static String confined(String agent) {
    return "platter: the agent is confined, too: "
        + agent
        + "\n  try: --confine off, should it not start";
  }

  /** Whether the JVM uses IPv6 is decided before main. */
  private static void executeOnIpv4(ConfinementPlan plan) {
    try {
      SameProgram.running().withOptions(options(plan, null)).executeInheritingAll();
    } catch (IOException e) {
      throw PlatterException.failed(
          "cannot listen on IPv4 alone: " + IoReason.of(e),
          "Name one address of this host in --metrics");
    }
  }

  private static void enforce(ConfinementPlan plan, LandlockLevel level, List<PathRule> allowed) {
    // systemd's socket may have an abstract name.
    String manager = System.getenv("NOTIFY_SOCKET");
    try (Ruleset rules = Ruleset.create(level, manager == null || !manager.startsWith("@"))) {
      rules.allow(allowed);
      rules.allow(plan.metricsPort());
      check("enforce the Landlock rules", rules.enforce());
    }
  }

  /** Made only for a server that writes a document: no other records events. */
  private static @Nullable ScratchDirectory scratch(ConfinementPlan plan) throws IOException {
    return plan.written().isEmpty()
        ? null
        : ScratchDirectory.make(AccessRules.writtenIn(plan.written().getFirst()));
  }

  private static List<PathRule> rules(
      ConfinementPlan plan, @Nullable ScratchDirectory scratch, JvmOptions jvm) throws IOException {
    List<PathRule> rules = new ArrayList<>(AccessRules.of(plan, JvmFiles.running()));
    rules.addAll(jvm.rules());
    if (scratch != null) {
      rules.addAll(scratch.rules());
    }
    return rules;
  }

  private static List<String> options(ConfinementPlan plan, @Nullable ScratchDirectory scratch) {
    List<String> options = new ArrayList<>();
    if (plan.mode() != ConfinementPlan.Mode.OFF) {
      options.addAll(JVM_OPTIONS);
    }
    if (plan.ipv4Alone()) {
      options.add("-D" + IPV4_ALONE + "=true");
    }
    if (scratch != null) {
      options.addAll(scratch.options());
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

  /**
   * Removes the first JVM's data in /tmp, which is wrong for the second. A directory of that name
   * may be another user's, or a link; the JVM does not write into such a directory.
   */
  static void removePerfData(Path directory, long pid) {
    try {
      Integer self = OwnProcess.uid();
      if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
          && self.equals(Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
        Files.deleteIfExists(directory.resolve(Long.toString(pid)));
      }
    } catch (IOException e) {
      // It only misleads jps.
    }
  }

  private static void check(String what, int result) {
    if (result < 0) {
      throw PlatterException.failed(
              "cannot " + what + ": " + Errno.name(result), "Use --confine off")
          .at(null, -result);
    }
  }

  private static void arrive(LandlockLevel level, boolean probed) {
    check("make the process undumpable", ProcessControl.setDumpable(false));
    state =
        new ConfinementState(
            true,
            level.describe(),
            ConfinementCheck.noThreadMayGainPrivileges(),
            ProcessControl.dumpable() != 0,
            level.lacking(),
            level.available() && !probed);
  }
}
