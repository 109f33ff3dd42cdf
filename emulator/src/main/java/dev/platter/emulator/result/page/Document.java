package dev.platter.emulator.result.page;

import java.util.Map;

/**
 * A result document to draw.
 *
 * @param label what to call it where there are several: a file name, a command
 * @param json the document as {@code docs/json.md} describes it: maps, lists, strings, numbers,
 *     booleans and nulls; of a schema that {@link HtmlReport} knows
 */
public record Document(String label, Map<String, ?> json) {}
