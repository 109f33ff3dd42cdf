package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.HostProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The container engines on this host, and whether they answer. */
final class EngineCheck implements DoctorCheck {
  private static final List<List<String>> QUESTIONS =
      List.of(
          List.of("docker", "version", "--format", "{{.Server.Version}}"),
          List.of("podman", "version", "--format", "{{.Client.Version}}"));

  private final Function<List<String>, @Nullable String> program;

  EngineCheck() {
    this(EngineCheck::ask);
  }

  /**
   * For tests.
   *
   * @param program runs a program: returns its output, blank if it fails, null if there is no such
   *     program
   */
  EngineCheck(Function<List<String>, @Nullable String> program) {
    this.program = program;
  }

  @Override
  public String title() {
    return "Container engines";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    List<DoctorLine> lines = new ArrayList<>();
    for (List<String> question : QUESTIONS) {
      String answer = program.apply(question);
      if (answer != null) {
        String name = question.getFirst();
        // Error messages of a client may name hosts and users.
        lines.add(
            answer.matches("\\d[\\w.+~:-]{0,60}")
                ? DoctorLine.ok(name, answer + " answers")
                : DoctorLine.warning(
                    name, "there is a client, and no engine answers it", name + " version"));
      }
    }
    return lines;
  }

  private static @Nullable String ask(List<String> command) {
    if (HostProgram.find(command.getFirst()) == null) {
      return null;
    }
    HostProgram.Outcome outcome = HostProgram.run(command);
    return outcome.ok() ? outcome.output().strip() : "";
  }
}
