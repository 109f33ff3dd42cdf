package dev.platter.it;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.GuestCpu;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.vfiouser.VfioUserCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/** A guest with a SATA disk over vfio-user: registers are messages, and it polls them. */
final class RawSataGuest implements GuestCpu, AutoCloseable {
  private static final int SLOTS = 32;
  private static final int READ_BYTES = 128 << 10;
  private static final int RAM_BYTES = 16 << 20;
  private static final long BUFFERS = 8 << 20;
  private static final int HEADER = 16;
  private static final int REGISTERS = 5;
  private static final int CONFIG = 7;
  private static final int COMMAND = 4;
  private static final int MEMORY_AND_BUS_MASTER = 6;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment message = arena.allocate(256, 8);
  private final int memoryFd = Libc.memfdCreate("guest", LinuxAbi.MFD_CLOEXEC);
  private final Mapping mapping;
  private final GuestMemory memory;
  private final UnixConnection connection;
  private final AhciDriver driver;

  /** Connects, and brings the disk on port 0 up. */
  RawSataGuest(Path socket) throws Exception {
    assertThat(Libc.ftruncate(memoryFd, RAM_BYTES)).isZero();
    mapping = Mapping.shared(memoryFd, 0, RAM_BYTES, true);
    mapping.segment().fill((byte) 0); // pages count for who touches them first
    memory = new GuestMemory(List.of(new GuestMemory.Region(0, mapping.segment())));
    connection = UnixConnection.connect(socket);
    call(VfioUserCommand.VERSION, 4); // 0.0, without capabilities
    message.set(LONG, HEADER + 8, 0); // offset, address, size
    message.set(LONG, HEADER + 16, 0);
    message.set(LONG, HEADER + 24, RAM_BYTES);
    message.set(JAVA_INT, HEADER, 32);
    message.set(JAVA_INT, HEADER + 4, 3); // readable and writable
    call(VfioUserCommand.DMA_MAP, 32, memoryFd);
    access(VfioUserCommand.REGION_WRITE, CONFIG, COMMAND, MEMORY_AND_BUS_MASTER);
    driver = new AhciDriver(this, 0, 0, new GuestAllocator(0x1000, BUFFERS - 0x1000));
    driver.bringUp();
  }

  /** Has all slots read at once, from the disk's beginning on. */
  void readInEverySlot(long diskBytes) {
    for (int tag = 0; tag < SLOTS; tag++) {
      long at = (long) tag * READ_BYTES;
      driver.submit(tag, Operation.READ, at % diskBytes, BUFFERS + at, READ_BYTES);
    }
    int done = 0;
    while (done < SLOTS) {
      done += driver.interrupt((_, status) -> assertThat(status).isZero());
    }
  }

  private int access(VfioUserCommand command, int region, long offset, int value) {
    message.set(LONG, HEADER, offset);
    message.set(JAVA_INT, HEADER + 8, region);
    message.set(JAVA_INT, HEADER + 12, Integer.BYTES);
    message.set(JAVA_INT, HEADER + 16, value);
    call(command, command == VfioUserCommand.REGION_READ ? 16 : 20);
    return message.get(JAVA_INT, HEADER + 16);
  }

  /** Sends the payload that was prepared; the answer takes its place. */
  private void call(VfioUserCommand command, int payloadBytes, int... descriptors) {
    message.set(JAVA_SHORT, 2, (short) command.code());
    message.set(JAVA_INT, 4, HEADER + payloadBytes);
    message.set(JAVA_INT, 8, 0);
    try (ReceivedFds fds = new ReceivedFds()) {
      connection.send(message, 0, HEADER + payloadBytes, descriptors);
      assertThat(connection.receive(message, 0, HEADER, fds)).isTrue();
      assertThat(message.get(JAVA_INT, 12)).as("errno of %s", command).isZero();
      connection.receiveRest(message, HEADER, message.get(JAVA_INT, 4) - HEADER, fds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public int load32(long guestAddress) {
    return access(VfioUserCommand.REGION_READ, REGISTERS, guestAddress, 0);
  }

  @Override
  public void store32(long guestAddress, int value) {
    access(VfioUserCommand.REGION_WRITE, REGISTERS, guestAddress, value);
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  @Override
  public void close() {
    connection.close();
    mapping.close();
    Libc.close(memoryFd);
  }
}
