package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class ModuleSetTest {
  @TempDir Path directory;

  @BeforeEach
  void modules() throws IOException {
    add("kernel/fs/ext4/ext4.ko", "depends=jbd2,mbcache", "softdep=pre: crc32c");
    add("kernel/fs/jbd2/jbd2.ko", "depends=", "softdep=pre: crc32c");
    add("kernel/fs/mbcache.ko", "depends=");
    add("kernel/crypto/crc32c_generic.ko", "depends=");
    add("kernel/drivers/virtio/virtio-pci.ko", "depends=virtio,built-in");
    add("kernel/drivers/virtio/virtio.ko", "depends=");
    add("kernel/lost.ko", "depends=nowhere");
    Files.writeString(directory.resolve("modules.builtin"), "kernel/lib/built_in.ko\n");
  }

  private void add(String path, String... modinfo) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(file.getParent());
    Files.write(file, SyntheticElf.module(modinfo));
  }

  @Test
  void whatAModuleNeedsIsLoadedBeforeIt() {
    List<String> order =
        List.copyOf(
            ModuleSet.of(directory).closure(List.of("ext4", "virtio_pci"), List.of()).keySet());
    assertThat(order)
        .containsExactlyInAnyOrder(
            "ext4", "jbd2", "mbcache", "crc32c_generic", "virtio_pci", "virtio");
    assertThat(order.indexOf("ext4"))
        .isGreaterThan(order.indexOf("jbd2"))
        .isGreaterThan(order.indexOf("mbcache"));
    assertThat(order.indexOf("jbd2")).isGreaterThan(order.indexOf("crc32c_generic"));
    assertThat(order.indexOf("virtio_pci")).isGreaterThan(order.indexOf("virtio"));
  }

  @Test
  void builtInModulesAreNotMissed() {
    assertThat(ModuleSet.of(directory).closure(List.of("built_in"), List.of())).isEmpty();
  }

  @Test
  void aMissingModuleIsAnErrorThatSaysWhoNeedsIt() {
    ModuleSet set = ModuleSet.of(directory);
    assertThatThrownBy(() -> set.closure(List.of("lost"), List.of()))
        .isInstanceOf(GuestImageException.class)
        .hasMessageContaining("nowhere")
        .hasMessageContaining("lost needs");
  }

  @Test
  void wishedModulesMayBeMissing() {
    assertThat(ModuleSet.of(directory).closure(List.of(), List.of("nix", "mbcache")))
        .containsOnlyKeys("mbcache");
  }

  @Test
  void softDependenciesThatLeadBackEnd() throws IOException {
    add("kernel/a.ko", "softdep=pre: b");
    add("kernel/b.ko", "softdep=pre: a");
    assertThat(ModuleSet.of(directory).closure(List.of("a"), List.of())).containsOnlyKeys("a", "b");
  }

  @Test
  void compressedModulesAreUnpacked() throws IOException {
    byte[] module = SyntheticElf.module("depends=mbcache");
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (XZOutputStream xz = new XZOutputStream(packed, new LZMA2Options())) {
      xz.write(module);
    }
    Files.write(directory.resolve("kernel/packed.ko.xz"), packed.toByteArray());
    assertThat(ModuleSet.of(directory).closure(List.of("packed"), List.of()).get("packed"))
        .isEqualTo(module);
  }

  @Test
  void aDirectoryWithoutModulesIsRefused(@TempDir Path empty) {
    assertThatThrownBy(() -> ModuleSet.of(empty))
        .isInstanceOfSatisfying(
            GuestImageException.class,
            e -> assertThat(e.kind()).isEqualTo(GuestImageException.Kind.BAD_INPUT));
  }
}
