package dev.platter.emulator.result.document;

import java.util.List;

/**
 * {@code platter.lab/1}.
 *
 * @param partial whether it was interrupted before all experiments had begun
 */
public record LabDocument(
    @Inline Frame frame, boolean partial, List<ExperimentResult> experiments) {}
