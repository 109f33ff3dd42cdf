package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class UnixConnectionTest {
  private static final int PATIENCE_MILLIS = 50;
  private static final int F_GETFD = 1; // fcntl.h

  private final Arena arena = Arena.ofAuto();
  private final ReceivedFds fds = new ReceivedFds();
  private UnixConnection here;
  private UnixConnection there;

  @BeforeEach
  void connect() throws IOException {
    UnixConnection[] pair = UnixConnection.pair(PATIENCE_MILLIS);
    here = pair[0];
    there = pair[1];
  }

  @AfterEach
  void close() {
    fds.close();
    here.close();
    there.close();
  }

  private MemorySegment bytes(int length) {
    MemorySegment segment = arena.allocate(length);
    for (int i = 0; i < length; i++) {
      segment.set(JAVA_BYTE, i, (byte) i);
    }
    return segment;
  }

  private static boolean isOpen(int fd) {
    return Files.exists(Path.of("/proc/self/fd/" + fd), java.nio.file.LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void aMessageArrivesWholeAtItsPlace() throws Exception {
    there.send(bytes(100), 10, 80);
    MemorySegment into = arena.allocate(100);
    assertThat(here.receive(into, 5, 80, fds)).isTrue();
    assertThat(into.asSlice(5, 80).mismatch(bytes(100).asSlice(10, 80))).isEqualTo(-1);
    assertThat(into.get(JAVA_BYTE, 4)).isZero();
    assertThat(into.get(JAVA_BYTE, 85)).isZero();
    assertThat(fds.size()).isZero();
  }

  @Test
  void messagesInOneGoAreTakenApart() throws Exception {
    there.send(bytes(30), 0, 30);
    MemorySegment into = arena.allocate(30);
    assertThat(here.receive(into, 0, 10, fds)).isTrue();
    here.receiveRest(into, 10, 15, fds);
    assertThat(here.receive(into, 25, 5, fds)).isTrue();
    assertThat(into.mismatch(bytes(30))).isEqualTo(-1);
  }

  @Test
  void moreThanASocketHoldsIsSentToAReader() throws Exception {
    int length = 8 << 20;
    MemorySegment message = bytes(length);
    // Each end waits many times for the other: as often as a busy host makes them take turns.
    UnixConnection[] patient = UnixConnection.pair(30_000);
    try (UnixConnection reader = patient[0];
        UnixConnection writer = patient[1]) {
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(() -> {
            try {
              writer.send(message, 0, length);
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
          });
      MemorySegment into = arena.allocate(length);
      assertThat(reader.receive(into, 0, length, fds)).isTrue();
      sent.join();
      assertThat(into.mismatch(message)).isEqualTo(-1);
    }
  }

  @Test
  void descriptorsTravelBothWays() throws Exception {
    int eventFd = Libc.eventfd(7, LinuxAbi.EFD_CLOEXEC);
    there.send(bytes(4), 0, 4, eventFd, eventFd);
    MemorySegment into = arena.allocate(8, 8);
    assertThat(here.receive(into, 0, 4, fds)).isTrue();
    assertThat(fds.size()).isEqualTo(2);
    int taken = fds.take();
    assertThat(taken).isNotEqualTo(eventFd);
    assertThat(Libc.fcntl(taken, F_GETFD, 0)).as("close-on-exec").isEqualTo(1);
    int left = taken;
    assertThat(Libc.read(taken, into.address(), 8)).isEqualTo(8);
    assertThat(into.get(JAVA_LONG, 0)).isEqualTo(7);

    here.send(bytes(1), 0, 1, taken);
    fds.discard();
    assertThat(there.receive(into, 0, 1, fds)).isTrue();
    assertThat(fds.size()).isEqualTo(1);
    int back = fds.take();
    assertThat(isOpen(left)).isTrue();
    for (int fd : new int[] {eventFd, taken, back}) {
      assertThat(Libc.close(fd)).isZero();
    }
  }

  @Test
  void descriptorsThatNobodyTakesAreClosed() throws Exception {
    int eventFd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    int[] many = IntStream.generate(() -> eventFd).limit(UnixConnection.MAX_FDS).toArray();
    long before = openDescriptors();
    there.send(bytes(1), 0, 1, many);
    assertThat(here.receive(arena.allocate(1), 0, 1, fds)).isTrue();
    assertThat(fds.size()).isEqualTo(UnixConnection.MAX_FDS);
    assertThat(openDescriptors()).isEqualTo(before + UnixConnection.MAX_FDS);
    fds.discard();
    assertThat(openDescriptors()).isEqualTo(before);
    assertThatThrownBy(fds::take).isInstanceOf(IllegalStateException.class);
    Libc.close(eventFd);
  }

  private static long openDescriptors() throws IOException {
    try (var list = Files.list(Path.of("/proc/self/fd"))) {
      return list.count();
    }
  }

  /** A peer that sends byte by byte cannot make us hold more than one message may carry. */
  @Test
  void descriptorsOfOneMessageAreBounded() throws Exception {
    int eventFd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    int[] many = IntStream.generate(() -> eventFd).limit(UnixConnection.MAX_FDS).toArray();
    there.send(bytes(1), 0, 1, many);
    there.send(bytes(1), 0, 1, eventFd);
    assertThatThrownBy(() -> here.receive(arena.allocate(2), 0, 2, fds))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("descriptors");
    Libc.close(eventFd);
  }

  @Test
  void tooManyDescriptorsAreNotSent() {
    int[] tooMany = new int[UnixConnection.MAX_FDS + 1];
    assertThatThrownBy(() -> here.send(bytes(1), 0, 1, tooMany))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void halfAMessageIsGivenUpAfterAWhile() throws Exception {
    there.send(bytes(10), 0, 10);
    assertThatThrownBy(() -> here.receive(arena.allocate(20), 0, 20, fds))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessageContaining("stopped in the middle");
  }

  @Test
  void aByteNowAndThenDoesNotExtendTheTime() throws Exception {
    Thread dripping =
        Thread.ofPlatform()
            .start(() -> {
              try {
                while (true) {
                  there.send(bytes(1), 0, 1);
                }
              } catch (IOException e) {
                // The end of the test.
              }
            });
    // More than can come one by one while we wait.
    assertThatThrownBy(() -> here.receive(arena.allocate(1 << 26), 0, 1 << 26, fds))
        .isInstanceOf(SocketTimeoutException.class);
    here.shutdown();
    dripping.join();
  }

  @Test
  void aPeerThatLeavesBetweenMessagesIsNoError() throws Exception {
    there.close();
    assertThat(here.receive(arena.allocate(1), 0, 1, fds)).isFalse();
  }

  @Test
  void aPeerThatDiesWithOurAnswersUnreadIsNoErrorEither() throws Exception {
    here.send(bytes(4), 0, 4);
    there.close();
    assertThat(here.receive(arena.allocate(1), 0, 1, fds)).isFalse();
  }

  @Test
  void aPeerThatLeavesInTheMiddleIs() throws Exception {
    there.send(bytes(3), 0, 3);
    there.close();
    assertThatThrownBy(() -> here.receive(arena.allocate(4), 0, 4, fds))
        .isInstanceOf(EOFException.class);
  }

  @Test
  void sendingToAPeerThatHasLeftFails() {
    there.close();
    assertThatThrownBy(() -> here.send(bytes(1), 0, 1)).isInstanceOf(IOException.class);
  }

  @Test
  void aPeerThatDoesNotReadIsGivenUp() {
    int length = 8 << 20;
    assertThatThrownBy(() -> here.send(bytes(length), 0, length))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessageContaining("does not read");
  }

  @Test
  void shutdownWakesAReceiver() throws Exception {
    CompletableFuture<Boolean> received =
        CompletableFuture.supplyAsync(() -> {
          try {
            return here.receive(arena.allocate(1), 0, 1, fds);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    here.shutdown();
    assertThat(received.join()).isFalse();
  }

  @Test
  void aSpinningReceiverHearsAMessage() throws Exception {
    here.spinNanos(1_000_000);
    CompletableFuture<Boolean> received =
        CompletableFuture.supplyAsync(() -> {
          try {
            return here.receive(arena.allocate(4), 0, 4, fds);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    there.send(bytes(4), 0, 4);
    assertThat(received.join()).isTrue();
  }

  @Test
  void aGoodbyeLetsThePeerReadItsAnswersAndSeeAnEnd() throws Exception {
    there.send(bytes(64), 0, 64); // never received here
    here.send(bytes(8), 0, 8);
    CompletableFuture<Void> goodbye =
        CompletableFuture.runAsync(() -> here.closeAfterDraining(20_000));
    MemorySegment into = arena.allocate(8);
    assertThat(there.receive(into, 0, 8, fds)).isTrue();
    assertThat(into.mismatch(bytes(8))).isEqualTo(-1);
    assertThat(there.receive(into, 0, 1, fds)).as("an end, and no reset").isFalse();
    there.close();
    goodbye.join();
  }

  @Test
  void aGoodbyeDoesNotWaitForEver() throws Exception {
    int eventFd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    there.send(bytes(1), 0, 1, eventFd);
    long before = openDescriptors();
    here.closeAfterDraining(20); // the peer stays
    assertThat(openDescriptors()).as("its own gone, that in the message closed").isLessThan(before);
    Libc.close(eventFd);
  }

  @Test
  void nobodyListeningIsToldWithThePath() {
    assertThatThrownBy(() -> UnixConnection.connect(Path.of("/nonexistent/vda.sock")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("/nonexistent/vda.sock");
  }
}
