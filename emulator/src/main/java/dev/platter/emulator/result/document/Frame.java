package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What all results of runs begin with.
 *
 * @param schema {@code platter.NAME/VERSION}
 * @param created when the document was made, in UTC; null in documents of the first Platters
 * @param command the command line that makes it again; null as above
 * @param environment null where a document has none
 * @param parameters the options by their names, defaults included: commands add to them
 */
public record Frame(
    String schema,
    @Nullable String created,
    @Nullable String command,
    @Nullable EnvironmentFacts environment,
    Map<String, @Nullable Object> parameters,
    List<Warning> warnings) {}
