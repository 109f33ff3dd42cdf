package dev.platter.emulator.server.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ListenAddressTest {
  @ParameterizedTest
  @CsvSource({
    "9464, 127.0.0.1:9464",
    ":9464, 127.0.0.1:9464",
    "0, 127.0.0.1:0",
    "65535, 127.0.0.1:65535",
    "0.0.0.0:1, 0.0.0.0:1",
    "[::1]:9464, [0:0:0:0:0:0:0:1]:9464",
  })
  void anAddressOrOnlyAPort(String text, String address) {
    assertThat(ListenAddress.text(ListenAddress.parse(text))).isEqualTo(address);
  }

  @Test
  void allAddressesAreThoseThatThereAre() {
    assertThat(ListenAddress.text(ListenAddress.parse("[::]:80")))
        .isEqualTo(ListenAddress.hasIpv6() ? "[0:0:0:0:0:0:0:0]:80" : "0.0.0.0:80");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"|'' has no port from 0 to 65535",
        "localhost|'localhost' has no port",
        "127.0.0.1:|has no port",
        "65536|'65536' has no port from 0 to 65535",
        "-1|'-1' has no port",
        "99999999999|has no port",
        "0x10|has no port",
        "a:b|has no port",
        "::1:9464|'::1:9464' has more than one colon: write an IPv6 address as [::1]:9464",
        "[::1]|has no port",
        "[::1|has more than one colon",
        "[]:1|'[]:1' has no host",
        "\" :1\"|has no host",
        "[127.0.0.1]:1|127.0.0.1 is no IPv6 address",
        "[1.2.3:1|there is no host [1.2.3",
      })
  void whatIsNoneIsToldApart(String text, String what) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ListenAddress.parse(text))
        .withMessageContaining(what);
  }
}
