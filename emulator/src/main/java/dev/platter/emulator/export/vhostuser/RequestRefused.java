package dev.platter.emulator.export.vhostuser;

/**
 * A well-formed request that cannot be carried out and has changed nothing. A front-end that has
 * asked for an answer is told so. Any other front-end would go on in error, so it loses its
 * connection.
 */
final class RequestRefused extends Exception {
  private static final long serialVersionUID = 1;

  RequestRefused(String why) {
    super(why);
  }
}
