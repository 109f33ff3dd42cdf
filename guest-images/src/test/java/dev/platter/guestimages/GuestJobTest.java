package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestJobTest {
  @Test
  void jobsAreWordsOfTheKernelCommandLine() {
    String line =
        GuestJob.commandLine(
            List.of(
                GuestJob.disks(),
                GuestJob.iotest("serial:D1", "virtio", GuestJob.Iotest.defaults())));
    assertThat(line.split(" "))
        .containsExactly(
            "console=ttyS0",
            "panic=-1",
            "platter.job=disks",
            "platter.job=iotest,disk=serial:D1,device=virtio,total=134217728,chunk=131072,batch=16,"
                + "batch_delay_us=1000,completion_delay_us=1000,runs=1");
  }

  @Test
  void whatWouldBreakTheCommandLineIsRefused() {
    for (String value : List.of("a b", "a,b", "$x", "\"", "")) {
      assertThatThrownBy(() -> GuestJob.of("hash", "disk", value))
          .isInstanceOfSatisfying(
              GuestImageException.class,
              e -> assertThat(e.kind()).isEqualTo(GuestImageException.Kind.BAD_INPUT));
    }
  }

  @Test
  void aCommandLineThatTheKernelWouldCutOffIsRefused() {
    assertThatThrownBy(() -> GuestJob.commandLine(Collections.nCopies(100, GuestJob.hash("vda"))))
        .hasMessageContaining("2047");
  }

  @Test
  void everyJobIsKnownToTheGuest() {
    String init = new String(GuestProgram.resource("init"), StandardCharsets.UTF_8);
    List<GuestJob> jobs =
        List.of(
            GuestJob.iotest("vda", "virtio", GuestJob.Iotest.defaults()),
            GuestJob.bench("vda", "virtio", GuestJob.Bench.defaults()),
            GuestJob.verifyWrites("vda", GuestJob.VerifyWrites.defaults()),
            GuestJob.endure("vda", new GuestJob.Endure(1 << 20, 1 << 20, 1, 1)),
            GuestJob.writePattern("vda", 1),
            GuestJob.hash("vda"),
            GuestJob.fileSystem("vda", 1, 1, 1),
            GuestJob.disks(),
            GuestJob.waitSize("vda", 1, 1),
            GuestJob.dmesg(),
            GuestJob.shell());
    for (GuestJob job : jobs) {
      // A label of the script's case statement, alone or among others.
      assertThat(init).containsPattern("(?m)^    ([a-z |-]+ )?" + job.name() + "( [a-z |-]+)?\\)");
    }
  }
}
