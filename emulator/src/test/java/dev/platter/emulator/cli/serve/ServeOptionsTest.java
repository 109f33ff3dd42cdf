package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Cli;
import org.junit.jupiter.api.Test;

/** The options of {@code platter serve}, as far as they are refused. */
class ServeOptionsTest {
  @Test
  void theCommandRefusesBeforeItDoesAnything() {
    assertThat(Cli.run("serve"))
        .isEqualTo(
            new Cli(
                2,
                "",
                """
                platter: missing required option: '--export=EXPORT' or '--config=FILE'
                  try: platter serve --help
                """));
    assertThat(Cli.run("serve", "--export", "virtio-blk,image=a,sokcet=b"))
        .isEqualTo(
            new Cli(
                2,
                "",
                """
                platter: --export virtio-blk,image=a,sokcet=b: there is no 'sokcet' here
                  try: Did you mean socket? One of image=, socket=, fd=, name=, poll-max=, guest-memory=, \
                readonly, serial=, cache=, discard=, logical-block-size=, lock=, format=, queues=, queue-size=, iothread=
                platter: export virtio-blk0: cannot open a: no such file
                  try: Check the path; platter image create makes a new image
                """));
  }
}
