package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestKernelTest {
  @TempDir Path directory;
  private Path image = Path.of("unset");
  private Path modules = Path.of("unset");

  /** Linux, Documentation/arch/x86/boot.rst: "HdrS" at 0x202, the version's place at 0x20e. */
  @BeforeEach
  void kernel() throws IOException {
    ByteBuffer setup = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    setup.put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    setup.putShort(0x20e, (short) 0x400);
    setup.put(0x600, "6.1.0-1-amd64 (someone) #1 SMP".getBytes(StandardCharsets.US_ASCII));
    image = Files.write(directory.resolve("vmlinuz"), setup.array());
    modules = directory.resolve("modules");
    module("6.1.0-1-amd64");
  }

  private void module(String release) throws IOException {
    Files.createDirectories(modules.resolve("kernel"));
    Files.write(
        modules.resolve("kernel/a.ko"), SyntheticElf.module("vermagic=" + release + " SMP "));
  }

  @Test
  void theImageTellsItsRelease() throws IOException {
    assertThat(GuestKernel.releaseOf(image)).isEqualTo("6.1.0-1-amd64");
    Path other = Files.write(directory.resolve("other"), new byte[8192]);
    assertThat(GuestKernel.releaseOf(other)).isEmpty();
  }

  @Test
  void modulesOfAnotherKernelAreRefused() throws IOException {
    GuestKernel.Parts parts = GuestKernel.given(image, modules).unpack(directory);
    assertThat(parts.release(ModuleSet.of(modules))).isEqualTo("6.1.0-1-amd64");
    module("6.12.0-amd64");
    assertThatThrownBy(() -> parts.release(ModuleSet.of(modules)))
        .isInstanceOf(GuestImageException.class)
        .hasMessageContaining("6.1.0-1-amd64")
        .hasMessageContaining("6.12.0-amd64");
  }

  @Test
  void changedModulesAreOtherInputs() throws IOException {
    var before = GuestKernel.given(image, modules).inputs();
    assertThat(GuestKernel.given(image, modules).inputs()).isEqualTo(before);
    module("6.1.0-1-amd64-longer");
    assertThat(GuestKernel.given(image, modules).inputs()).isNotEqualTo(before);
  }

  @Test
  void missingFilesAreNamed() {
    assertThatThrownBy(() -> GuestKernel.given(directory.resolve("nix"), modules))
        .hasMessageContaining("nix");
    assertThatThrownBy(() -> GuestKernel.given(image, image))
        .hasMessageContaining("no directory of kernel modules");
  }
}
