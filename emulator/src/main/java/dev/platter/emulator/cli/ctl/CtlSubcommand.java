package dev.platter.emulator.cli.ctl;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.server.control.ControlReply;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** A command of {@code platter ctl}: sends one request, and prints the answer. */
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

  /** The parent command. */
  final CtlCommand ctl() {
    return parent;
  }

  /**
   * Has the server execute a command, prints the answer, and writes it as JSON if the user asks for
   * it.
   */
  final void ask(String command, Map<String, ? extends @Nullable Object> arguments) {
    ControlReply reply = parent.execute(command, arguments, 0);
    print(reply);
    stdout().flush();
    AllSteps.run(() -> check(reply), () -> parent.writeJson(command, reply.fields()));
  }

  /**
   * Checks the result of a command that was executed, and may still have failed in part.
   *
   * @throws PlatterException of kind FAILED if not
   */
  void check(ControlReply reply) {}

  /** Prints an answer for people. */
  void print(ControlReply reply) {}
}
