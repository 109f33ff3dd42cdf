package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuestConsoleTest {
  private static GuestConsole read(String text) {
    GuestConsole console = new GuestConsole();
    text.lines().forEach(console::line);
    return console;
  }

  @Test
  void picksOutWhatJobsPrinted() {
    GuestConsole console =
        read(
            """
            SeaBIOS (version 1.17)
            {"not":"ours"}
            Booting from ROM..@platter ready 6.1.0-56-amd64\r
            @platter begin 1 hash\r
            {"mib":0,"sha256":"00"}\r
            some text\r
            @platter end 1 0\r
            @platter begin 2 fs\r
            @platter end 2 1\r
            @platter done\r
            [    5.3] reboot: Power down
            """);
    assertThat(console.release()).isEqualTo("6.1.0-56-amd64");
    assertThat(console.done()).isTrue();
    assertThat(console.results()).hasSize(2);
    GuestConsole.Result hash = console.results().getFirst();
    assertThat(hash.name()).isEqualTo("hash");
    assertThat(hash.json()).containsExactly("{\"mib\":0,\"sha256\":\"00\"}");
    assertThat(hash.text()).containsExactly("some text");
    assertThat(hash.succeeded()).isTrue();
    assertThat(console.results().getLast().succeeded()).isFalse();
  }

  @Test
  void aGuestThatDiedInTheMiddleDidNotSucceed() {
    GuestConsole console = read("@platter begin 1 iotest\n{\"a\":1}\nKernel panic\n");
    assertThat(console.done()).isFalse();
    assertThat(console.current()).isNotNull();
    assertThat(console.results().getFirst().status()).isNull();
    assertThat(console.results().getFirst().succeeded()).isFalse();
  }

  @Test
  void aBrokenMarkerIsNoSuccess() {
    GuestConsole console =
        read("@platter begin 1 iotest\n@platter end 1 x\n@platter end\n@platter\n");
    assertThat(console.results().getFirst().succeeded()).isFalse();
  }
}
