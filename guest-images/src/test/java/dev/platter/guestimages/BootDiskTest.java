package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootDiskTest {
  @TempDir Path directory;

  /** Checked before anything is fetched: GRUB would end the line, or expand the variable. */
  @Test
  void commandLinesThatGrubWouldChangeAreRefused() {
    GuestOptions options = GuestOptions.defaults().withCache(directory.resolve("cache"));
    Guest guest = new Guest(directory, directory, directory, "6.1");
    for (String line : new String[] {"a;b", "a\nb", "$root", "'a", "a\\"}) {
      assertThatThrownBy(() -> BootDisk.create(options, guest, line, directory.resolve("disk")))
          .isInstanceOfSatisfying(
              GuestImageException.class,
              e -> assertThat(e.kind()).isEqualTo(GuestImageException.Kind.BAD_INPUT));
    }
    assertThat(directory.resolve("cache")).doesNotExist();
    assertThat(directory.resolve("disk")).doesNotExist();
  }
}
