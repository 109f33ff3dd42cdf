package dev.platter.emulator.lab.iowq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.IoWorkerThreads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoWorkerThreadsTest {
  @TempDir Path tasks;

  private void task(String tid, String comm) throws Exception {
    Files.writeString(Files.createDirectory(tasks.resolve(tid)).resolve("comm"), comm);
  }

  @Test
  void takesWorkersAndTheirOwners() throws Exception {
    task("100", "java\n");
    task("101", "iou-wrk-100\n");
    task("102", "iou-wrk-4194303\n");
    task("103", "iou-sqp-100\n");
    task("104", "iou-wrk-\n");
    task("105", "iou-wrk-1x\n");
    task("self", "iou-wrk-100\n");
    Files.createDirectory(tasks.resolve("106")); // it has ended
    assertThat(IoWorkerThreads.list(tasks))
        .containsExactlyInAnyOrder(
            new IoWorkerThreads.Worker(101, "100"), new IoWorkerThreads.Worker(102, "4194303"));
  }

  @Test
  void whatCannotBeReadIsAFailure() throws Exception {
    assertThatThrownBy(() -> IoWorkerThreads.list(tasks.resolve("none")))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("none");
    Files.createDirectories(tasks.resolve("107").resolve("comm"));
    assertThatThrownBy(() -> IoWorkerThreads.list(tasks))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("107");
  }

  @Test
  void aWatchThatFoundNoOwnerCountsNobodyElse() {
    List<IoWorkerThreads.Worker> workers = new ArrayList<>();
    WorkerWatch watch = new WorkerWatch(() -> List.copyOf(workers));
    assertThat(watch.fix()).isEmpty();
    workers.add(new IoWorkerThreads.Worker(4, "30"));
    assertThat(watch.count()).isZero();
  }

  @Test
  void aWatchCountsTheWorkersOfTheOwnerThatCameUp() {
    List<IoWorkerThreads.Worker> workers = new ArrayList<>();
    workers.add(new IoWorkerThreads.Worker(1, "10"));
    WorkerWatch watch = new WorkerWatch(() -> List.copyOf(workers));
    assertThat(watch.count()).isZero();
    workers.add(new IoWorkerThreads.Worker(2, "20"));
    workers.add(new IoWorkerThreads.Worker(3, "20"));
    assertThat(watch.fix()).containsExactly("20");
    workers.add(new IoWorkerThreads.Worker(4, "30"));
    workers.add(new IoWorkerThreads.Worker(5, "10"));
    assertThat(watch.count()).isEqualTo(2);
    workers.removeIf(worker -> worker.owner().equals("20"));
    assertThat(watch.count()).isZero();
  }
}
