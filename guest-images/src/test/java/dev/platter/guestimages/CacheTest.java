package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheTest {
  @TempDir Path root;

  @Test
  void aFilledDirectoryIsNotFilledAgain() {
    Cache cache = new Cache(root);
    AtomicInteger fills = new AtomicInteger();
    Cache.Filler filler =
        work -> Files.writeString(work.resolve("f"), "" + fills.incrementAndGet());
    cache.directory("d", filler);
    assertThat(cache.directory("d", filler).resolve("f")).hasContent("1");
    assertThat(fills).hasValue(1);
  }

  @Test
  void aFailureLeavesNothingBehind() throws IOException {
    Cache cache = new Cache(root);
    assertThatThrownBy(() ->
            cache.directory(
                "d",
                work -> {
                  Files.writeString(work.resolve("half"), "x");
                  throw new IOException("no room");
                }))
        .isInstanceOf(GuestImageException.class)
        .hasMessageContaining("no room");
    try (Stream<Path> left = Files.list(root)) {
      assertThat(left).isEmpty();
    }
  }

  /** All fill at the same time; one of them wins, and the others find its work. */
  @Test
  void concurrentBuildersDoNotMixTheirWork() throws Exception {
    int builders = 4;
    CyclicBarrier filled = new CyclicBarrier(builders);
    List<Future<Path>> futures = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(builders)) {
      for (int i = 0; i < builders; i++) {
        int number = i;
        futures.add(
            pool.submit(() -> new Cache(root).directory("d", work -> fill(work, number, filled))));
      }
    }
    List<String> contents = new ArrayList<>();
    for (Future<Path> future : futures) {
      Path made = future.get();
      contents.add(Files.readString(made.resolve("a")) + Files.readString(made.resolve("b")));
    }
    assertThat(contents).containsOnly(contents.getFirst());
    assertThat(contents.getFirst()).matches("(\\d)\\1");
    try (Stream<Path> left = Files.list(root)) {
      assertThat(left).containsExactly(root.resolve("d"));
    }
  }

  private static void fill(Path work, int number, CyclicBarrier filled) throws IOException {
    Files.writeString(work.resolve("a"), "" + number);
    Files.writeString(work.resolve("b"), "" + number);
    try {
      filled.await();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
