package dev.platter.it;

import static dev.platter.it.GuestResults.assertNoTrouble;
import static dev.platter.it.GuestResults.hashes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.KnownImage;
import dev.platter.guestimages.KnownPattern;
import dev.platter.it.TestVm.Kind;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A Linux with its IOMMU on lends a SATA disk page after page, and takes each of them back. */
@Timeout(900)
class IommuGuestIT {
  private static final long SIZE = 16L << 20;

  @Test
  void itsSataDiskIsThereAndRight() throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.create(image, SIZE, 1);
      Guest guest = TestVm.guest();
      List<GuestJob> jobs =
          List.of(
              GuestJob.writePattern(Kind.SATA.disk(), 7),
              GuestJob.hash(Kind.SATA.disk()),
              GuestJob.dmesg());
      // Strict: a page is taken back as soon as its request is over, and not with many others.
      String line =
          GuestJob.commandLine(jobs) + " intel_iommu=on iommu.passthrough=0 iommu.strict=1";
      GuestRunner.Outcome outcome =
          vm.disk(Kind.SATA, image)
              .boot(
                  GuestListener.NONE,
                  machine -> machine.iommu().kernel(guest.kernel(), guest.initramfs(), line));
      String dmesg = String.join("\n", outcome.results().get(2).text());
      assertThat(dmesg).contains("DMAR: IOMMU enabled").contains("Adding to iommu group");
      assertNoTrouble(dmesg);
      assertThat(hashes(outcome.results().get(1))).isEqualTo(KnownPattern.hashes(7, SIZE));
      assertThat(KnownImage.check(image, KnownImage.Manifest.ofPattern(7, SIZE))).isEmpty();
      assertThat(vm.events()).allSatisfy(event -> assertThat(event).startsWith("INFO"));
    }
  }
}
