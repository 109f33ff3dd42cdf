package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.guestimages.BootDisk;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.GuestOptions;
import dev.platter.it.TestVm.Kind;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Firmware finds Platter's disks with its own drivers, and boots from them. */
@Timeout(900)
class FirmwareBootIT {
  private static void bootsFrom(TestVm vm, Kind kind, boolean uefi) throws Exception {
    Path image = vm.file("boot.img");
    String jobs = GuestJob.commandLine(List.of(GuestJob.disks(), GuestJob.dmesg()));
    BootDisk.create(GuestOptions.defaults(), TestVm.guest(), jobs, image);
    GuestRunner.Outcome outcome =
        vm.disk(kind, image)
            .boot(
                GuestListener.NONE,
                machine -> {
                  if (!uefi) {
                    return machine;
                  }
                  Qemu.Ovmf ovmf = vm.qemu().ovmf();
                  if (ovmf == null) {
                    throw TestVm.skipped("there is no OVMF; apt install ovmf");
                  }
                  return machine.uefi(ovmf.code(), QemuCommand.ownVariables(ovmf, vm.directory()));
                });
    GuestConsole.Result disks = outcome.results().getFirst();
    assertThat(disks.succeeded()).isTrue();
    assertThat(disks.json())
        .anyMatch(line -> line.contains("\"serial\":\"" + kind.serial() + "\""));
    String dmesg = String.join("\n", outcome.results().get(1).text());
    // Which firmware it was.
    if (uefi) {
      assertThat(dmesg).containsPattern("efi: EFI v2\\.\\d+ by .*EDK II");
    } else {
      assertThat(dmesg).doesNotContain("efi: EFI v2");
    }
    assertThat(vm.events()).allSatisfy(event -> assertThat(event).startsWith("INFO"));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void seaBiosBoots(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      bootsFrom(vm, kind, false);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void ovmfBoots(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      bootsFrom(vm, kind, true);
    }
  }
}
