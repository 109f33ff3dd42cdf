package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.NativeName;
import dev.platter.emulator.host.ThreadTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DelaySamplerTest {
  private static final long MILLI = 1_000_000;

  @TempDir Path tasks;
  private DelaySampler sampler;

  @BeforeEach
  void setUp() {
    sampler = new DelaySampler(tasks.toFile());
  }

  private void thread(int id, String name, long waitedNanos) throws IOException {
    Path directory = Files.createDirectories(tasks.resolve(Integer.toString(id)));
    Files.writeString(directory.resolve("comm"), name + "\n");
    Files.writeString(directory.resolve("schedstat"), "5000 " + waitedNanos + " 17\n");
  }

  private void ends(int id) throws IOException {
    Path directory = tasks.resolve(Integer.toString(id));
    Files.delete(directory.resolve("comm"));
    Files.delete(directory.resolve("schedstat"));
    Files.delete(directory);
  }

  private long waited(String name, long from, long nanos) {
    return sampler.delays().waitedNanos(name::equals, from, nanos);
  }

  @Test
  void whatAThreadWaitedBetweenTwoLooks() throws IOException {
    thread(5, "main-loop", 40 * MILLI);
    sampler.sample(0);
    thread(5, "main-loop", 43 * MILLI);
    sampler.sample(10 * MILLI);
    sampler.sample(20 * MILLI);
    // What it had waited before it was first looked at is not told.
    assertThat(waited("main-loop", -100 * MILLI, 1000 * MILLI)).isEqualTo(3 * MILLI);
    assertThat(waited("main-loop", 10 * MILLI, 10 * MILLI)).isZero();
  }

  @Test
  void aThreadThatHasEndedAndOneThatTakesItsNumber() throws IOException {
    thread(5, "main-loop", 0);
    sampler.sample(0);
    thread(5, "main-loop", 2 * MILLI);
    sampler.sample(10 * MILLI);
    ends(5);
    sampler.sample(20 * MILLI);
    thread(5, "vcpu0", 9 * MILLI);
    sampler.sample(30 * MILLI);
    assertThat(waited("main-loop", 0, 100 * MILLI)).isEqualTo(2 * MILLI);
    assertThat(waited("vcpu0", 0, 100 * MILLI)).isZero();
  }

  @Test
  void aNewThreadThatStillBearsItsCreatorsName() throws IOException {
    thread(9, "main", 0);
    sampler.sample(0);
    thread(9, "vcpu0", 5 * MILLI);
    sampler.sample(10 * MILLI);
    assertThat(waited("vcpu0", 0, 10 * MILLI)).isEqualTo(5 * MILLI);
  }

  @Test
  void theJvmsOwnThreadsAndWhatIsUnreadableAreLeftOut() throws IOException {
    thread(7, "C2 CompilerThre", 0);
    Files.createDirectories(tasks.resolve("8"));
    for (int i = 0; i < 5; i++) {
      thread(7, "C2 CompilerThre", (1 + i) * MILLI);
      sampler.sample(i * 10L * MILLI);
    }
    // Only until its name is sure.
    assertThat(waited("C2 CompilerThre", 20 * MILLI, 1000 * MILLI)).isZero();
    Files.writeString(tasks.resolve("7/schedstat"), "0 0 0\n");
    sampler.sample(60 * MILLI);
    new DelaySampler(tasks.resolve("nowhere").toFile()).sample(0);
  }

  @Test
  void thisJvmsThreadsAreFoundByTheirNames() throws InterruptedException {
    for (String name :
        new String[] {"short", "a-name-that-is-too-long-7", "Gerät-mit-langem-Namen"}) {
      CountDownLatch running = new CountDownLatch(1);
      CountDownLatch end = new CountDownLatch(1);
      Thread thread =
          Thread.ofPlatform()
              .name(name)
              .daemon()
              .start(() -> {
                running.countDown();
                try {
                  end.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      running.await();
      String[] ids = ThreadTimes.OWN.list();
      assertThat(ids).anyMatch(id -> NativeName.same(name, ThreadTimes.name(ThreadTimes.OWN, id)));
      end.countDown();
      thread.join();
    }
  }
}
