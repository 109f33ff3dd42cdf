/**
 * The documents of {@code docs/json.md} as records, and the one mapping between records and JSON.
 *
 * <p>Role: says which keys a document has, in their order. A component is a key; {@link
 * dev.platter.emulator.result.document.Records} says how its name becomes the key's. This package
 * works out no figure and draws nothing. Threading: values without state, for any thread.
 */
@NullMarked
package dev.platter.emulator.result.document;

import org.jspecify.annotations.NullMarked;
