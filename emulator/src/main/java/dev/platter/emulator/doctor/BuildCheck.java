package dev.platter.emulator.doctor;

import dev.platter.emulator.host.Build;
import dev.platter.emulator.host.HostFacts;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.text.Units;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.regex.Pattern;

/** This build of Platter, and the Java that runs it. */
final class BuildCheck implements DoctorCheck {
  private static final int OLDEST_JAVA = 25;

  // Other options may hold paths or values of -D.
  private static final Pattern TOLD =
      Pattern.compile("-X(m[nsx]|ss)\\w+|-X(int|comp|share:\\w+)|-XX:([+-]\\w+|\\w+=\\d+\\w?)");

  private final int java;
  private final List<String> options;

  BuildCheck() {
    this(Runtime.version().feature(), ManagementFactory.getRuntimeMXBean().getInputArguments());
  }

  /**
   * For tests.
   *
   * @param java its feature number
   * @param options the JVM's options
   */
  BuildCheck(int java, List<String> options) {
    this.java = java;
    this.options = List.copyOf(options);
  }

  @Override
  public String title() {
    return "Platter";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    HostFacts facts = HostFacts.collect(files.root());
    String flags =
        String.join(" ", options.stream().filter(o -> TOLD.matcher(o).matches()).toList());
    return List.of(
        DoctorLine.info("version", Build.version()),
        java < OLDEST_JAVA
            ? DoctorLine.problem(
                "java",
                facts.jvmVersion() + " is too old",
                "Use Java " + OLDEST_JAVA + " or newer, and set JAVA_HOME to it")
            : DoctorLine.ok("java", facts.jvmVersion()),
        DoctorLine.info(
            "heap",
            "at most "
                + Units.bytes(facts.jvmMaxHeapBytes())
                + ", collector "
                + facts.jvmGc()
                + (flags.isEmpty() ? "" : "; " + flags)));
  }
}
