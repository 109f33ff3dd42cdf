package dev.platter.emulator.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class QemuFinderTest {
  @TempDir private Path directory;
  private Path bin;
  private Path root;

  @BeforeEach
  void makeDirectories() throws IOException {
    bin = Files.createDirectory(directory.resolve("bin"));
    root = directory.resolve("root");
  }

  private QemuFinder finder(@Nullable Path program, @Nullable Path namedRoot) {
    return new QemuFinder(program, namedRoot, "/nonexistent:" + bin, root);
  }

  private void onPath(String version, boolean vfioUser) throws IOException {
    FakeQemu.telling(bin.resolve("qemu-system-x86_64"), version, vfioUser);
  }

  /** A root directory whose loader is a script that checks what it is given. */
  private void inRoot(Path where, String version) throws IOException {
    Path libraries = where.resolve("usr/lib/x86_64-linux-gnu");
    FakeQemu.telling(where.resolve("usr/bin/qemu-system-x86_64"), version, true);
    FakeQemu.script(
        libraries.resolve("ld-linux-x86-64.so.2"),
        """
        [ "$1 $2" = "--library-path %1$s" ] || exit 9
        [ "$4 $5 $6 $7" = "-L %2$s/usr/share/qemu -L %2$s/usr/share/seabios" ] || exit 9
        [ "$QEMU_MODULE_DIR" = "%1$s/qemu" ] || exit 9
        program=$3
        shift 7
        exec "$program" "$@"
        """
            .formatted(libraries, where));
  }

  private static void refused(ThrowingCallable search, Kind kind, String... words) {
    assertThatThrownBy(search)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e.getMessage() + " / " + e.remedy()).contains(words);
            });
  }

  @Test
  void takesTheOneOnThePathIfItIsNewEnough() throws IOException {
    onPath("11.1.3", true);
    inRoot(root, "12.0.0");
    Qemu found = finder(null, null).find(true);
    assertThat(found.command()).containsExactly(bin.resolve("qemu-system-x86_64").toString());
    assertThat(found.version()).isEqualTo(new QemuVersion(11, 1, 3));
    assertThat(found.vfioUser()).isTrue();
  }

  @Test
  void takesTheOneInTheDefaultRootIfThePathsIsTooOld() throws IOException {
    onPath("7.2.22", false);
    inRoot(root, "11.1.3");
    Qemu found = finder(null, null).find(true);
    assertThat(found.name()).isEqualTo(root.resolve("usr/bin/qemu-system-x86_64").toString());
    assertThat(found.share()).isEqualTo(root.resolve("usr/share"));
    // Without AHCI the older one will do.
    assertThat(finder(null, null).find(false).version()).isEqualTo(new QemuVersion(7, 2, 22));
  }

  @Test
  void saysWhatIsMissingAndWhereItIsToBeHad() throws IOException {
    refused(
        () -> finder(null, null).find(true),
        Kind.HOST_LACKS,
        "no qemu-system-x86_64 on the PATH",
        "qemu-system-x86",
        "trixie-backports",
        "guest-images/make-qemu-root");
    onPath("10.0.11", false);
    refused(
        () -> finder(null, null).find(true),
        Kind.HOST_LACKS,
        "is version 10.0.11",
        "vfio-user, which is in 10.1",
        "guest-images/make-qemu-root");
    onPath("6.2.0", false);
    refused(() -> finder(null, null).find(false), Kind.HOST_LACKS, "too old for vhost-user");
    onPath("11.1.3", false);
    refused(() -> finder(null, null).find(true), Kind.HOST_LACKS, "without vfio-user-pci");
  }

  @Test
  void whatTheUserNamesIsTakenOrRefused() throws IOException {
    onPath("11.1.3", true);
    Path other = FakeQemu.telling(directory.resolve("other/qemu"), "10.2.0", true);
    Path otherRoot = directory.resolve("other-root");
    inRoot(otherRoot, "10.1.2");
    assertThat(finder(other, null).find(true).version()).isEqualTo(new QemuVersion(10, 2, 0));
    assertThat(finder(Path.of("qemu-system-x86_64"), null).find(true).version())
        .isEqualTo(new QemuVersion(11, 1, 3));
    assertThat(finder(null, otherRoot).find(true).version()).isEqualTo(new QemuVersion(10, 1, 2));

    refused(() -> finder(directory.resolve("missing"), null).find(true), Kind.BAD_INPUT, "--qemu ");
    refused(
        () -> finder(null, directory.resolve("missing")).find(true),
        Kind.BAD_INPUT,
        "--qemu-root ");
    Path noQemu = FakeQemu.script(directory.resolve("true"), "exit 0\n");
    refused(() -> finder(noQemu, null).find(true), Kind.BAD_INPUT, "has no QEMU that runs");
  }

  @Test
  void whatDoesNotRunIsPassedOver() throws IOException {
    FakeQemu.script(
        bin.resolve("qemu-system-x86_64"), "echo cannot open shared object; exit 127\n");
    inRoot(root, "11.1.3");
    assertThat(finder(null, null).find(true).version()).isEqualTo(new QemuVersion(11, 1, 3));
  }
}
