package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.ctl.CtlCommand;
import dev.platter.emulator.cli.guest.GuestCommand;
import dev.platter.emulator.cli.image.ImageCommand;
import dev.platter.emulator.cli.lab.LabCommand;
import dev.platter.emulator.cli.run.BenchCommand;
import dev.platter.emulator.cli.run.IotestCommand;
import dev.platter.emulator.cli.run.ReportCommand;
import dev.platter.emulator.cli.serve.ServeCommand;
import dev.platter.emulator.cli.shared.FailureHandler;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.MissingCommand;
import dev.platter.emulator.cli.shared.PlatterCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code platter} command. */
@Command(
    name = "platter",
    description = "A virtual block-device backend: emulated SATA and virtio disks on io_uring.",
    footer = {
      "  platter iotest",
      "  platter bench --rw randread --bs 4k --iodepth 1",
      "  platter serve --export virtio-blk,image=disk.img,socket=vda.sock",
      "  platter image create disk.img --size 1G",
      "  platter image info disk.img",
      "  platter guest run",
      "  platter report before.json after.json --report cmp.html",
      "  platter lab all",
      "  platter doctor",
      "  platter help bench",
    },
    subcommands = {
      // In the order that --help lists them.
      IotestCommand.class,
      BenchCommand.class,
      ServeCommand.class,
      CtlCommand.class,
      ImageCommand.class,
      GuestCommand.class,
      ReportCommand.class,
      LabCommand.class,
      DoctorCommand.class,
      HelpCommand.class,
      VersionCommand.class,
    })
public final class Platter extends PlatterCommand {
  /** For picocli. */
  public Platter() {}

  /**
   * Runs a command line and exits with its code.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    PrintWriter err = writer(new FileOutputStream(FileDescriptor.err));
    FailureHandler.exitOnUncaught(err);
    try {
      ArgumentEncoding.check(args);
    } catch (PlatterException e) {
      System.exit(FailureHandler.report(e, err));
    }
    System.exit(run(new FileOutputStream(FileDescriptor.out), err, args));
  }

  /**
   * Runs a command line.
   *
   * @param stdout for results; not closed
   * @param err for progress and failures
   * @return the exit code
   */
  public static int run(OutputStream stdout, PrintWriter err, String... args) {
    StandardOutput output = new StandardOutput(stdout);
    PrintWriter out = writer(output);
    FailureHandler failures = new FailureHandler();
    CommandLine command =
        new CommandLine(new Platter())
            .setOut(out)
            .setErr(err)
            .setUsageHelpAutoWidth(true)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(Path.class, new PathConverter())
            .setParameterExceptionHandler(failures)
            .setExecutionExceptionHandler(failures);
    int exitCode = FailureHandler.FAILED;
    try {
      exitCode = execute(command, err, args);
      // Not err: its writers flush, and a server's log may still wait for its reader in there.
      out.flush();
      PlatterException unwritten = output.failure();
      if (unwritten != null) {
        int its = FailureHandler.report(unwritten, err);
        exitCode = exitCode == FailureHandler.OK ? its : exitCode;
      }
    } finally {
      exitCode = Interruption.end(exitCode);
    }
    return exitCode;
  }

  private static int execute(CommandLine command, PrintWriter err, String... args) {
    try {
      return command.execute(args);
    } catch (Error e) {
      return FailureHandler.report(e, err); // picocli handles exceptions only
    }
  }

  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new MissingCommand(spec().commandLine());
  }

  // UTF-8 whatever the locale, and stdout buffered but flushed with each line.
  private static PrintWriter writer(OutputStream to) {
    return new PrintWriter(to, true, UTF_8);
  }
}
