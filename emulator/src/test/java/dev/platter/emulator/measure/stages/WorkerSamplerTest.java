package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerSamplerTest {
  @TempDir Path tasks;
  private WorkerSampler sampler;

  @BeforeEach
  void setUp() {
    sampler = new WorkerSampler(tasks.toFile());
  }

  private void thread(int id, String name, char state) throws IOException {
    Path directory = Files.createDirectories(tasks.resolve(Integer.toString(id)));
    Files.writeString(directory.resolve("comm"), name + "\n");
    Files.writeString(directory.resolve("stat"), id + " (" + name + ") " + state + " 1 2 3\n");
  }

  private void ends(int id) throws IOException {
    Path directory = tasks.resolve(Integer.toString(id));
    Files.delete(directory.resolve("comm"));
    Files.delete(directory.resolve("stat"));
    Files.delete(directory);
  }

  private void sample(char state, long at) throws IOException {
    thread(7, "iou-wrk-5", state);
    sampler.sample(at);
  }

  @Test
  @DisplayName("Samples in a row that saw a worker busy are one interval")
  void intervals() throws IOException {
    thread(5, "main-loop", 'R');
    sample('S', 10);
    sample('D', 20);
    sample('R', 30);
    sample('S', 40);
    sample('D', 50);
    BusyIntervals busy = sampler.intervals();
    assertThat(busy.count()).isEqualTo(2);
    assertThat(busy.overlaps(0, 19)).isFalse();
    assertThat(busy.overlaps(0, 20)).isTrue();
    assertThat(busy.overlaps(25, 26)).isTrue();
    assertThat(busy.overlaps(31, 49)).isFalse();
    assertThat(busy.overlaps(45, 60)).isTrue();
    assertThat(busy.overlaps(51, 90)).isFalse();
  }

  @Test
  void otherBusyThreadsAreNoWorkers() throws IOException {
    thread(5, "vcpu0", 'R');
    thread(6, "not iou-wrk) D", 'D');
    for (int at = 0; at < 10; at++) {
      sampler.sample(at);
    }
    assertThat(sampler.intervals().count()).isZero();
  }

  @Test
  @DisplayName("A worker that still bears its creator's name is found a moment later")
  void aNewWorker() throws IOException {
    thread(9, "main-loop", 'D');
    sampler.sample(1);
    thread(9, "iou-wrk-5", 'D');
    sampler.sample(2);
    assertThat(sampler.intervals().overlaps(2, 2)).isTrue();
    assertThat(sampler.intervals().overlaps(1, 1)).isFalse();
  }

  @Test
  @DisplayName("A number that became another thread's is looked at anew")
  void numbersAreReused() throws IOException {
    thread(9, "vcpu0", 'R');
    for (int at = 0; at < 5; at++) {
      sampler.sample(at);
    }
    ends(9);
    sampler.sample(5);
    thread(9, "iou-wrk-5", 'D');
    sampler.sample(6);
    assertThat(sampler.intervals().overlaps(6, 6)).isTrue();
  }

  @Test
  @DisplayName("More intervals than are kept: the last one does not grow over a gap")
  void full() throws IOException {
    sampler = new WorkerSampler(tasks.toFile(), 4);
    for (int i = 0; i < 4; i++) {
      sample('D', 10L * i);
      sample('S', 10L * i + 5);
    }
    sample('D', 90_000);
    sample('D', 90_010);
    BusyIntervals busy = sampler.intervals();
    assertThat(busy.count()).isEqualTo(4);
    assertThat(busy.overlaps(31, 100_000)).isFalse();
  }

  @Test
  void aSystemWithoutProcIsFine() {
    WorkerSampler without = new WorkerSampler(tasks.resolve("missing").toFile());
    without.sample(1);
    assertThat(without.intervals().count()).isZero();
  }
}
