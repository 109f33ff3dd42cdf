package dev.platter.emulator.lab;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.result.document.ExperimentResult;
import org.jspecify.annotations.Nullable;

/**
 * One experiment that was run, successful or not.
 *
 * @param experiment its result as the JSON has it
 * @param failure the failure, or null
 */
public record LabRun(ExperimentResult experiment, @Nullable Throwable failure) {
  /** Runs an experiment; an exception becomes part of its result. */
  public static LabRun of(Experiment experiment, LabContext context) {
    long begin = System.nanoTime();
    Finding finding;
    Throwable failure = null;
    try {
      finding = experiment.run(context);
    } catch (PlatterException e) {
      if (context.interrupted().getAsBoolean()) {
        finding = finding(experiment, Verdict.INCONCLUSIVE, "it was interrupted").partial();
      } else if (e.kind() != PlatterException.Kind.FAILED) {
        // An unusable scratch directory counts as missing on the host, too.
        finding = finding(experiment, Verdict.NOT_POSSIBLE, sentence(e));
        remedy(finding, e);
      } else {
        failure = e;
        finding = finding(experiment, Verdict.INCONCLUSIVE, "it failed: " + sentence(e));
        remedy(finding, e);
      }
    } catch (RuntimeException | Error e) {
      failure = e;
      finding = finding(experiment, Verdict.INCONCLUSIVE, "it failed, which is a bug: " + e);
    }
    finding.note(context.plant().sentence());
    double seconds = Math.round((System.nanoTime() - begin) / 1e8) / 10.0;
    return new LabRun(
        finding.result(
            experiment.name(),
            seconds,
            failure == null ? null : String.valueOf(failure.getMessage()),
            context.plant()),
        failure);
  }

  private static Finding finding(Experiment experiment, Verdict verdict, String why) {
    return new Finding(experiment.summary(), "", "").verdict(verdict, why);
  }

  private static String sentence(PlatterException failure) {
    return String.valueOf(failure.getMessage());
  }

  private static void remedy(Finding finding, PlatterException failure) {
    String remedy = failure.remedy();
    if (remedy != null) {
      finding.remedy(remedy);
    }
  }
}
