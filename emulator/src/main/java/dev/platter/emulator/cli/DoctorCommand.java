package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.JsonOption;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.doctor.Doctor;
import dev.platter.emulator.doctor.DoctorPage;
import dev.platter.emulator.doctor.DoctorReport;
import dev.platter.emulator.result.JsonFile;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code platter doctor}. */
@Command(
    name = "doctor",
    description =
        "Tells on one page what this host has of all that Platter needs, what it lacks and what to"
            + " do about it. Put the page into a bug report: it shows no environment variable, no"
            + " user and no host name, and no path but those of the images given and of QEMUs,"
            + " without the name of a home directory. Changes nothing; takes ten seconds at most."
            + " Exits with 0 if nothing stops Platter, also if it has warnings; with 3 if the host"
            + " lacks something; with 2 if only an image is at fault.",
    footer = {
      "  platter doctor",
      "  platter doctor disk.img /dev/vg0/disk",
      "  platter doctor --json -",
    })
final class DoctorCommand extends PlatterCommand {
  @Parameters(
      paramLabel = "IMAGE",
      arity = "0..*",
      description = "Raw images or block devices to look at as well.")
  private List<String> images = new ArrayList<>();

  @Mixin private JsonOption json = new JsonOption();

  @Override
  public void run() {
    json.check();
    DoctorReport report = Doctor.ofHost(images).examine();
    out().print(DoctorPage.render(report));
    stdout().flush();
    String created = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    AllSteps.run(() -> throwFailure(report), () -> json.write(report.document(created), stdout()));
  }

  private void throwFailure(DoctorReport report) {
    PlatterException failure = report.failure();
    if (failure != null && JsonFile.STANDARD_OUTPUT.equals(json.file())) {
      throw failure;
    }
    if (failure != null) { // the page has a remedy already
      throw new PlatterException(failure.kind(), String.valueOf(failure.getMessage()), null, null);
    }
  }
}
