package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Libc;

/** A host that loses what an image was promised: an fsync fails, and then the file is as before. */
public final class LosingHost {
  private static final int O_RDWR = 2;

  private LosingHost() {}

  /** Has one fsync of the image fail, as the kernel has it: told once. */
  public static void failOneSync(RawImage image) {
    int own = image.fd;
    int other = Libc.open("/dev/null", O_RDWR, 0); // knows no fsync
    assertThat(other).isNotNegative();
    image.fd = other;
    int failed = image.sync();
    image.fd = own;
    Libc.close(other);
    assertThat(failed).isNegative();
  }
}
