package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.memory.MemoryDisk;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Queue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImagesTest {
  private static final int ROUNDS = 300;
  private static final ImageOptions OPTIONS = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;

  private Path sized(String name) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return path;
  }

  private static ImageConfig config(Path path) {
    return new ImageConfig(path.toString(), OPTIONS);
  }

  @Test
  void anImageThatIsServedIsKnownByAnyOfItsNames() throws Exception {
    Path image = sized("a.img");
    Path hard = Files.createLink(directory.resolve("hard"), image);
    Path soft = Files.createSymbolicLink(directory.resolve("soft"), image);
    Images images = new Images();
    BlockBackend opened = open(images, "one", config(image));
    for (Path name : new Path[] {image, hard, soft}) {
      assertThatThrownBy(() -> open(images, "two", config(name)))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("already a disk of export one");
    }
    images.close(opened, "one");
    images.close(open(images, "two", config(soft)), "two");
  }

  @Test
  void ofADiskThatIsLentToTwoTheUseOfTheOneThatGoesIsOver() {
    try (MemoryDisk disk = MemoryDisk.create("ram", 1 << 20, ImageOptions.READ_ONLY)) {
      Images images = new Images();
      ImageConfig lent = ImageConfig.of(disk);
      open(images, "one", lent);
      images.close(open(images, "two", lent), "two");
      ImageConfig writer = new ImageConfig("ram", OPTIONS, disk);
      assertThatThrownBy(() -> open(images, "three", writer))
          .hasMessageContaining("already a disk of export one");
      images.close(disk, "one");
      images.close(open(images, "three", writer), "three");
    }
  }

  /** Whoever wins the race: what is opened is what is known to be in use. */
  @Test
  void aLinkThatIsSwappedMeanwhileConfusesNobody() throws Exception {
    Path first = sized("a.img");
    Path second = sized("b.img");
    Path link = Files.createSymbolicLink(directory.resolve("link"), first);
    AtomicBoolean stop = new AtomicBoolean();
    Thread swapper = Thread.ofPlatform().start(() -> swap(link, first, second, stop));
    try {
      for (int i = 0; i < ROUNDS; i++) {
        openOnce(link, first, second);
      }
    } finally {
      stop.set(true);
      swapper.join();
    }
  }

  private static void openOnce(Path link, Path first, Path second) throws IOException {
    Images images = new Images();
    BlockBackend opened;
    try {
      opened = open(images, "one", config(link));
    } catch (PlatterException e) {
      assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
      assertThat(e).hasMessageContaining("has become another file");
      return;
    }
    Object inode = ((RawImage) opened).facts().inode();
    Path same = inode.equals(Files.getAttribute(first, "unix:ino")) ? first : second;
    assertThatThrownBy(() -> open(images, "two", config(same)))
        .hasMessageContaining("already a disk of export one");
    images.close(opened, "one");
  }

  private static void swap(Path link, Path first, Path second, AtomicBoolean stop) {
    try {
      Path next = link.resolveSibling("next");
      for (int i = 0; !stop.get(); i++) {
        Files.createSymbolicLink(next, i % 2 == 0 ? second : first);
        Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Without a lock, both may have opened it before one of them is known to use it. */
  @Test
  void ofTwoThatOpenOneImageTheLoserLeavesNothingOpen() throws Exception {
    Path image = sized("a.img").toRealPath();
    ImageConfig config = new ImageConfig(image.toString(), OPTIONS.withLock(false));
    for (int i = 0; i < ROUNDS; i++) {
      Images images = new Images();
      CyclicBarrier start = new CyclicBarrier(2);
      Queue<BlockBackend> opened = new ConcurrentLinkedQueue<>();
      CompletableFuture<Void> other =
          CompletableFuture.runAsync(
              () -> race(start, images, config, opened), task -> Thread.ofPlatform().start(task));
      race(start, images, config, opened);
      other.get();
      assertThat(opened).hasSize(1);
      images.close(opened.remove(), "one");
    }
    assertThat(descriptorsOf(image)).isZero();
  }

  private static void race(
      CyclicBarrier start, Images images, ImageConfig config, Queue<BlockBackend> opened) {
    try {
      start.await();
      opened.add(open(images, "one", config));
    } catch (PlatterException e) {
      assertThat(e).hasMessageContaining("already a disk of this export");
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
  }

  private static long descriptorsOf(Path file) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(fd -> leadsTo(fd, file)).count();
    }
  }

  private static boolean leadsTo(Path fd, Path file) {
    try {
      return Files.readSymbolicLink(fd).equals(file);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @Test
  void lookingLeavesNothingOpen() throws Exception {
    Path image = sized("a.img");
    ExportConfig export =
        VirtioBlkExport.at(directory.resolve("vda.sock"), "vda", image.toString(), OPTIONS);
    HostCheck check = new HostCheck(false, false, 0);
    check.image(export, config(image));
    assertThat(check.notes()).isEmpty();
    try (RawImage writer = RawImage.open(image.toString(), OPTIONS)) {
      assertThat(writer.readOnly()).isFalse();
      assertThatThrownBy(() -> new HostCheck(false, false, 0).image(export, config(image)))
          .hasMessageContaining("export vda: ")
          .hasMessageContaining("in use by pid");
    }
    assertThat(directory.resolve("vda.sock")).doesNotExist();
  }

  private static BlockBackend open(Images images, String export, ImageConfig config) {
    ExportConfig its =
        VirtioBlkExport.at(
            Path.of("/run", export + ".sock"), export, config.path(), config.options());
    return images.open(its, config, false, LockTimeout.noWait());
  }
}
