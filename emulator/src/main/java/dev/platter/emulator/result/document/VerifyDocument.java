package dev.platter.emulator.result.document;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code platter.verify/1}: a verification by itself.
 *
 * @param run the identity of the run that the state is of
 */
public record VerifyDocument(
    String schema,
    String created,
    String command,
    EnvironmentFacts environment,
    Map<String, @Nullable Object> parameters,
    String run,
    VerificationFacts verification) {}
