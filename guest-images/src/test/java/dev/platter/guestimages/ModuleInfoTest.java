package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class ModuleInfoTest {
  @Test
  void readsDependenciesAndWhatShouldComeBefore() {
    byte[] module =
        SyntheticElf.module(
            "license=GPL",
            "softdep=pre: crc32c some-other post: late",
            "depends=jbd2,mbcache,crc16",
            "vermagic=6.1.0-56-amd64 SMP preempt mod_unload modversions ",
            "name=ext4");
    ModuleInfo info = ModuleInfo.of(module, "ext4.ko");
    assertThat(info.depends()).containsExactly("jbd2", "mbcache", "crc16");
    assertThat(info.softPre()).containsExactly("crc32c", "some_other");
    assertThat(info.release()).isEqualTo("6.1.0-56-amd64");
  }

  @Test
  void emptyDependsMeansNone() {
    assertThat(ModuleInfo.of(SyntheticElf.module("depends=", "name=a"), "a.ko").depends())
        .isEmpty();
  }

  @Test
  void whatIsNoModuleIsRefusedByName() {
    assertThatThrownBy(() -> ModuleInfo.of(new byte[200], "zeroes.ko"))
        .isInstanceOf(GuestImageException.class)
        .hasMessageContaining("zeroes.ko");
    byte[] other = SyntheticElf.withSection(".text", 1, new byte[4]);
    assertThatThrownBy(() -> ModuleInfo.of(other, "text.ko")).hasMessageContaining("no .modinfo");
  }

  @Test
  void aSectionTableOutsideTheFileIsNoSection() {
    byte[] module = SyntheticElf.module("depends=a");
    ByteBuffer.wrap(module).order(ByteOrder.LITTLE_ENDIAN).putLong(0x28, Long.MAX_VALUE - 10);
    assertThatThrownBy(() -> ModuleInfo.of(module, "cut.ko"))
        .isInstanceOf(GuestImageException.class);
  }
}
