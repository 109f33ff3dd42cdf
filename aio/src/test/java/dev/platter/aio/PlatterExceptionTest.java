package dev.platter.aio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlatterExceptionTest {
  private static PlatterException causedBy(Exception cause) {
    return new PlatterException(Kind.FAILED, "it failed", "Mend it", cause);
  }

  @Test
  void pathAndErrnoOutliveWhatIsAddedForPeople() {
    PlatterException failure =
        PlatterException.badInput("cannot open it", null)
            .at("/disk.img", Errno.EACCES)
            .within("export vda")
            .withRemedy("Look at its mode");
    assertThat(failure).hasMessage("export vda: cannot open it");
    assertThat(failure.kind()).isEqualTo(Kind.BAD_INPUT);
    assertThat(failure.path()).isEqualTo("/disk.img");
    assertThat(failure.errno()).isEqualTo(Errno.EACCES);
    assertThat(failure.remedy()).isEqualTo("Look at its mode");
  }

  @Test
  void aCauseTellsThemByItsType() {
    assertThat(causedBy(new NoSuchFileException("/none")).path()).isEqualTo("/none");
    assertThat(causedBy(new NoSuchFileException("/none")).errno()).isEqualTo(Errno.ENOENT);
    assertThat(causedBy(new AccessDeniedException("/secret")).errno()).isEqualTo(Errno.EACCES);
    ErrnoException errno = new ErrnoException("bind", Errno.EROFS);
    assertThat(causedBy(errno).errno()).isEqualTo(Errno.EROFS);
    assertThat(causedBy(new IOException(errno)).errno()).isEqualTo(Errno.EROFS);
    assertThat(causedBy(new IOException("EACCES")).errno()).isZero();
    assertThat(causedBy(new IOException("EACCES")).path()).isNull();
  }

  @Test
  void severalFailuresHaveNoneOfTheirOwn() {
    PlatterException several =
        PlatterException.of(
            List.of(
                PlatterException.failed("one", null).at("/one", Errno.EIO),
                PlatterException.badInput("two", null).at("/two", Errno.ENOENT)));
    assertThat(several.path()).isNull();
    assertThat(several.errno()).isZero();
    assertThat(several.parts()).extracting(PlatterException::path).containsExactly("/one", "/two");
  }
}
