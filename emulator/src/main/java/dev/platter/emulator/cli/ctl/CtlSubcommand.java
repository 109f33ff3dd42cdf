package dev.platter.emulator.cli.ctl;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.server.control.ControlReply;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** A command of {@code platter ctl}: asks one thing, and prints what came of it. */
@Command(
    exitCodeList = {
      "0:done",
      "1:it failed: the server could not, or not now, or not safely",
      "2:bad usage, or refused by the server",
      "3:the host lacks something: nobody serves at the socket",
      "130:interrupted; the server goes on with what it was told",
    })
abstract class CtlSubcommand extends PlatterCommand {
  @ParentCommand private CtlCommand parent;

  /** The command that this is one of. */
  final CtlCommand ctl() {
    return parent;
  }

  /** Has it executed, prints the answer, and writes it as JSON if that is wanted. */
  final void ask(String command, Map<String, ? extends @Nullable Object> arguments) {
    ControlReply reply = parent.execute(command, arguments, 0);
    print(reply);
    stdout().flush();
    AllSteps.run(() -> check(reply), () -> parent.writeJson(command, reply.fields()));
  }

  /**
   * Looks whether what was done has come out as wanted; for commands that do their work and may
   * still have something wrong to tell.
   *
   * @throws PlatterException of kind FAILED if not
   */
  void check(ControlReply reply) {}

  /** Prints an answer for people. */
  void print(ControlReply reply) {}
}
