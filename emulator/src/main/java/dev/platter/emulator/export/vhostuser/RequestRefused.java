package dev.platter.emulator.export.vhostuser;

/**
 * A well-formed request that cannot be carried out; it has changed nothing. A front-end that has
 * asked for an answer is told so. One that has not would go on in error: it loses its connection.
 */
final class RequestRefused extends Exception {
  private static final long serialVersionUID = 1;

  RequestRefused(String why) {
    super(why);
  }
}
