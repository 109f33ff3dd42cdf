package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.QemuProcess;
import dev.platter.emulator.server.QuiesceResult;
import dev.platter.emulator.server.Server;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.KnownImage;
import dev.platter.it.TestVm.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest writes, flushes and keeps book while the server of its disk is quiesced and resumed. */
@Timeout(900)
class QuiesceIT {
  private static final int TIMES = 5;
  private static final long QUIET_MILLIS = 3_000;
  private static final int MAX_LIFE_MILLIS = 1_500;
  private static final long REGION_BYTES = 32L << 20;
  // As long as all of the pauses take, and the lives between them.
  private static final long WRITING_MILLIS = TIMES * (QUIET_MILLIS + MAX_LIFE_MILLIS) + 5_000;

  /** Tells when the guest writes. */
  private static final class Writing implements GuestListener {
    final CountDownLatch begun = new CountDownLatch(1);

    @Override
    public void jobLine(String line, QemuProcess qemu) {
      if (line.contains("flushed")) {
        begun.countDown();
      }
    }

    @Override
    public void jobEnded(GuestConsole.Result result, QemuProcess qemu) {
      begun.countDown();
    }
  }

  private static long requests(Server server) {
    return server.loops().stream().mapToLong(loop -> loop.counts().blockSqes()).sum();
  }

  /** Quiesces and resumes again and again, each time while the guest writes; says what came. */
  private static List<QuiesceResult> quiesce(Server server, CountDownLatch begun)
      throws InterruptedException {
    begun.await();
    Random random = new Random(23);
    List<QuiesceResult> all = new ArrayList<>();
    long before = requests(server);
    for (int i = 0; i < TIMES; i++) {
      Thread.sleep(random.nextInt(MAX_LIFE_MILLIS));
      while (requests(server) == before) {
        Thread.sleep(1); // until the guest goes on
      }
      all.add(server.quiesce());
      before = requests(server);
      Thread.sleep(QUIET_MILLIS);
      long after = requests(server);
      server.resume();
      assertThat(after).as("requests while it is quiesced").isEqualTo(before);
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void nothingIsLostWhileTheServerIsQuiesced(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.create(image, REGION_BYTES, 1);
      Writing writing = new Writing();
      AtomicReference<FutureTask<List<QuiesceResult>>> task = new AtomicReference<>();
      vm.onServer(server -> {
        FutureTask<List<QuiesceResult>> quiescing =
            new FutureTask<>(() -> quiesce(server, writing.begun));
        task.set(quiescing);
        Thread.ofPlatform().name("quiescer").start(quiescing);
      });
      GuestJob.VerifyWrites writes =
          new GuestJob.VerifyWrites(REGION_BYTES, 16, 64, WRITING_MILLIS, 3);
      GuestRunner.Outcome outcome =
          vm.disk(kind, image)
              .run(writing, GuestJob.verifyWrites(kind.disk(), writes), GuestJob.dmesg());
      List<QuiesceResult> outcomes = task.get().get();
      assertThat(outcomes)
          .hasSize(TIMES)
          .allSatisfy(quiesced -> assertThat(quiesced.safe()).as("%s", quiesced).isTrue());
      GuestConsole.Result result = outcome.results().getFirst();
      assertThat(result.succeeded()).as("%s", result).isTrue();
      assertThat(result.json().getLast())
          .contains("\"verified\":true", "\"lost\":0", "\"torn\":0", "\"older_than_flush\":0");
      assertThat(outcome.results().getLast().text())
          .noneMatch(line -> line.matches(".*(I/O error|exception Emask|hard reset|timed out).*"));
      assertThat(vm.events())
          .filteredOn(event -> event.contains(" quiesced") || event.contains(" resumed"))
          .hasSize(2 * TIMES);
      assertThat(vm.events()).allSatisfy(event -> assertThat(event).startsWith("INFO"));
      System.out.println(kind + ": " + outcomes + ", " + result.json().getLast());
    }
  }
}
