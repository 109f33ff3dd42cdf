package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciCommandTables;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.AhciPortAccess;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.ManualLoop;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.testkit.RecordingIrq;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest that writes anything anywhere. The disks throw on a transfer outside their own buffers;
 * here it is checked that nothing else throws, that interrupt status and line agree, that nothing
 * reaches the guest's memory when a request comes back to ports that are stopped, and that a driver
 * can bring everything back in the end.
 */
@Tag("slow")
class AhciFuzzTest {
  private static final long HBA = 0xfebf_0000L;
  private static final long HIGH_RAM = 0x1_0000_0000L;
  private static final int RAM_BYTES = 1 << 20;
  private static final int PORTS = 2;
  private static final int LARGE_BYTES = 700 << 10;
  private static final long TRIM_PAGE = RAM_BYTES - (64 << 10);
  private static final int[] COMMANDS = {
    0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61,
    0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61, 0x60, 0x61,
    0x25, 0x35, 0x3d, 0xc8, 0xca, 0x20, 0x24, 0x30, 0x34, 0xc4, 0xc5, 0x29, 0x39, 0xc6, 0x06, 0x2f,
    0x47, 0xec, 0xef, 0xea, 0xe7, 0xe0, 0xe5, 0x40, 0x42, 0x27, 0x90
  };

  private final DirectCpu cpu =
      new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES), new DirectCpu.Ram(HIGH_RAM, RAM_BYTES));
  private final RecordingIrq irq = new RecordingIrq();
  private final ManualLoop loop = new ManualLoop();
  private final RamDisk[] disks = new RamDisk[PORTS];
  private final AhciPortAccess[] ports = new AhciPortAccess[PORTS];
  private final AhciCommandTables[] tables = new AhciCommandTables[PORTS];
  private int restarts;

  @ParameterizedTest(name = "seed {0}, 50000 steps")
  @ValueSource(longs = {1, 2, 3, 4})
  void survives(long seed) {
    Random random = new Random(seed);
    GuestAllocator allocator = new GuestAllocator(0, RAM_BYTES);
    for (int i = 0; i < PORTS; i++) {
      disks[i] = new RamDisk(8 << 20, 512 << (3 * i), List.of());
      ports[i] = new AhciPortAccess(cpu, HBA, i, () -> {});
      tables[i] = new AhciCommandTables(cpu.memory(), allocator);
    }
    List<AhciDisk> attached =
        List.of(new AhciDisk(disks[0], "A", "0", "1"), new AhciDisk(disks[1], "B", "1", "1"));
    AhciController controller = new AhciController(cpu.memory(), irq, attached, loop);
    for (RamDisk disk : disks) {
      disk.reachOnly(controller.pools());
    }
    cpu.map(HBA, controller.mmioSizeBytes(), controller);
    for (int i = 0; i < PORTS; i++) {
      setUp(i);
    }
    for (int step = 0; step < 50_000; step++) {
      act(random, controller);
      check(controller);
    }
    // Guards the fuzzer itself: it is of no use when it only ever sees halted ports.
    assertThat(restarts).isGreaterThan(500);
    for (RamDisk disk : disks) {
      assertThat(disk.count(Operation.READ)).isGreaterThan(200);
      assertThat(disk.count(Operation.WRITE)).isGreaterThan(200);
      assertThat(disk.count(Operation.DISCARD)).isGreaterThan(20);
    }
    recover(controller, allocator);
    controller.close();
    cpu.close();
  }

  private void setUp(int index) {
    AhciPortAccess port = ports[index];
    port.write(AhciRegisters.PX_CLB, (int) tables[index].commandList());
    port.write(AhciRegisters.PX_CLBU, 0);
    port.write(AhciRegisters.PX_FB, (int) tables[index].fisArea());
    port.write(AhciRegisters.PX_FBU, 0);
    port.write(AhciRegisters.PX_IE, -1);
    port.write(AhciRegisters.PX_CMD, AhciRegisters.CMD_FRE | AhciRegisters.CMD_ST);
    port.writeHba(AhciRegisters.GHC, 0x80000002);
  }

  private void act(Random random, AhciController controller) {
    int index = random.nextInt(PORTS);
    AhciPortAccess port = ports[index];
    int choice = random.nextInt(1000);
    if (choice < 450) {
      command(random, index);
    } else if (choice < 700) {
      boolean stopped = stopped(0) && stopped(1);
      long before = stopped ? checksum() : 0;
      complete(random, disks[index]);
      assertThat(stopped ? checksum() : 0).isEqualTo(before);
    } else if (choice < 800) {
      // Commands that are not fetched: the port is halted, or waits for the disk.
      if (port.read(AhciRegisters.PX_CI) != 0) {
        restart(index);
      }
    } else if (choice < 900) {
      port.write(AhciRegisters.PX_IS, random.nextBoolean() ? -1 : random.nextInt());
      port.writeHba(AhciRegisters.IS, random.nextBoolean() ? -1 : random.nextInt());
    } else if (choice < 910) {
      port.write(AhciRegisters.PX_CMD, random.nextBoolean() ? 0x10 : 0x11);
    } else if (choice < 920) {
      restart(index);
    } else if (choice < 925) {
      port.write(AhciRegisters.PX_SCTL, random.nextInt(6));
    } else if (choice < 935) {
      corrupt(random, index);
    } else if (choice < 936) {
      port.writeHba(AhciRegisters.GHC, random.nextInt());
    } else if (choice < 940) {
      int at = 0x100 + index * 0x80 + random.nextInt(0x80);
      cpu.store(HBA + at, 1 << random.nextInt(4), random.nextLong());
    } else if (choice < 950) {
      hostActs(random, controller);
    } else if (choice < 980) {
      cpu.load(HBA + random.nextInt(4096), 1 << random.nextInt(4));
    } else if (random.nextInt(3) > 0) {
      disks[index].hold();
    } else {
      disks[index].stopHolding();
    }
  }

  // What the server does to a controller, and what its PCI function does.
  private void hostActs(Random random, AhciController controller) {
    switch (random.nextInt(8)) {
      case 0 -> controller.hold();
      case 1, 2 -> controller.resume();
      case 3 -> {
        controller.setMaster(false);
        long before = checksum();
        for (int i = 0; i < PORTS; i++) {
          complete(random, disks[i]);
          ports[i].requestStop();
          ports[i].requestComreset();
          ports[i].write(AhciRegisters.PX_CMD, AhciRegisters.CMD_FRE | AhciRegisters.CMD_ST);
          ports[i].write(AhciRegisters.PX_CI, random.nextInt());
        }
        loop.turn();
        assertThat(checksum()).isEqualTo(before);
        controller.setMaster(true);
      }
      case 4 -> loop.hold();
      case 5, 6 -> {
        loop.release();
        loop.pass(random.nextLong(CommandList.PATIENCE_NANOS));
      }
      default -> {
        controller.powerCycle();
        for (int i = 0; i < PORTS; i++) {
          setUp(i);
        }
      }
    }
  }

  // Most commands are ones that a driver could send, or all ports would be halted all the time.
  private void command(Random random, int index) {
    int slot = random.nextInt(32);
    boolean sound = random.nextInt(10) > 0;
    int command = sound ? COMMANDS[random.nextInt(COMMANDS.length)] : random.nextInt(256);
    boolean queued = command == 0x60 || command == 0x61;
    boolean large = sound && queued && random.nextInt(20) == 0;
    if (random.nextInt(50) == 0) {
      tables[index].control(slot, random.nextInt(8));
    } else if (queued) {
      int most = large ? LARGE_BYTES / disks[index].blockSizeBytes() : 8;
      int blocks = sound ? 1 + random.nextInt(most) : random.nextInt(65536);
      int tag = sound ? slot : random.nextInt(32);
      long lba = sound ? random.nextInt(2000) : random.nextLong();
      tables[index].command(slot, command, blocks, lba, tag << 3, random.nextInt(256));
    } else {
      int features = command == 0xef ? random.nextInt(256) : 1;
      int count = sound ? 1 + random.nextInt(8) : random.nextInt(65536);
      long lba = command == 0x2f || command == 0x47 ? 0x10 : random.nextInt(2000);
      tables[index].command(slot, command, features, lba, count, 0x40);
    }
    int prds =
        large
            ? largeTable(random, index, slot)
            : sound ? soundTable(random, index, slot) : wildTable(random, index, slot);
    tables[index].header(slot, sound ? 0 : random.nextInt(65536), prds);
    int bits = sound ? 1 << slot : random.nextInt();
    if (queued) {
      ports[index].write(AhciRegisters.PX_SACT, bits);
    }
    ports[index].write(AhciRegisters.PX_CI, bits);
  }

  private int soundTable(Random random, int index, int slot) {
    if (random.nextInt(4) == 0) {
      for (int i = 0; i < 512; i++) {
        cpu.memory().writeLong(TRIM_PAGE + 8L * i, TrimRanges.encode(i, random.nextInt(3)));
      }
      return tables[index].prds(slot, TRIM_PAGE, 32 << 10);
    }
    for (int i = 0; i < 8; i++) {
      tables[index].prd(slot, i, HIGH_RAM + random.nextInt(RAM_BYTES - 4096), 4096);
    }
    return 8;
  }

  // Several pieces, of which each has a few entries; now and then it is too short.
  private int largeTable(Random random, int index, int slot) {
    for (int i = 0; i < 32; i++) {
      int length = 2 + 2 * random.nextInt(LARGE_BYTES / 28);
      tables[index].prd(slot, i, HIGH_RAM + 2L * random.nextInt((RAM_BYTES - length) / 2), length);
    }
    return 32;
  }

  private int wildTable(Random random, int index, int slot) {
    int prds = random.nextInt(8);
    for (int i = 0; i < prds; i++) {
      long address = random.nextBoolean() ? random.nextLong() : random.nextInt(RAM_BYTES);
      tables[index].prd(slot, i, address, random.nextBoolean() ? random.nextInt() : 4096);
    }
    return random.nextBoolean() ? prds : random.nextInt(65536);
  }

  // What a driver does after an error, without the patience to wait for what is in flight.
  private void restart(int index) {
    ports[index].write(AhciRegisters.PX_CMD, AhciRegisters.CMD_FRE);
    ports[index].write(AhciRegisters.PX_SCTL, 0);
    ports[index].clearErrors();
    setUp(index);
    tables[index].command(0, 0x2f, 0, 0x10, 1, 0x40);
    tables[index].header(0, 0, tables[index].prds(0, TRIM_PAGE, 512));
    ports[index].write(AhciRegisters.PX_CI, 1);
    restarts++;
  }

  // And not about to send the signature that a COMRESET has asked for.
  private boolean stopped(int index) {
    boolean ready =
        ports[index].read(AhciRegisters.PX_SSTS) != AhciRegisters.SSTS_UP
            || ports[index].read(AhciRegisters.PX_SIG) == 0x101;
    return ready && (ports[index].read(AhciRegisters.PX_CMD) & AhciRegisters.CMD_CR) == 0;
  }

  private long checksum() {
    CRC32C sum = new CRC32C();
    cpu.ram().forEach(ram -> sum.update(ram.asByteBuffer()));
    return sum.getValue();
  }

  private static void complete(Random random, RamDisk disk) {
    for (int n = random.nextInt(6); n > 0 && disk.heldCount() > 0; n--) {
      int pick = random.nextInt(disk.heldCount());
      if (random.nextInt(30) == 0) {
        disk.fail(pick, 1 + random.nextInt(40));
      } else {
        disk.release(pick);
      }
    }
  }

  private void corrupt(Random random, int index) {
    long at =
        random.nextBoolean()
            ? tables[index].commandList() + random.nextInt(1024)
            : tables[index].table(random.nextInt(32)) + random.nextInt(256);
    cpu.memory().writeByte(at, random.nextInt(256));
  }

  private void check(AhciController controller) {
    int status = cpu.load32(HBA + AhciRegisters.IS);
    boolean enabled = (cpu.load32(HBA + AhciRegisters.GHC) & AhciRegisters.GHC_IE) != 0;
    assertThat(irq.asserted()).isEqualTo(enabled && status != 0);
    for (int i = 0; i < PORTS; i++) {
      int events = ports[i].read(AhciRegisters.PX_IS) & ports[i].read(AhciRegisters.PX_IE);
      assertThat(events == 0 || (status & 1 << i) != 0).isTrue();
      int command = ports[i].read(AhciRegisters.PX_CMD);
      if ((command & AhciRegisters.CMD_ST) == 0) {
        assertThat(ports[i].read(AhciRegisters.PX_CI)).isZero();
        assertThat(ports[i].read(AhciRegisters.PX_SACT)).isZero();
      }
      boolean started = (command & AhciRegisters.CMD_ST) != 0;
      assertThat((command & AhciRegisters.CMD_CR) != 0).isEqualTo(started);
    }
    int held = disks[0].heldCount() + disks[1].heldCount();
    assertThat(controller.inFlight()).isGreaterThanOrEqualTo(held);
    if (!loop.isDue()) {
      assertThat(controller.inFlight()).isEqualTo(held);
    }
  }

  private void recover(AhciController controller, GuestAllocator allocator) {
    controller.resume();
    loop.release();
    for (int i = 0; i < PORTS; i++) {
      ports[i].requestStop();
      disks[i].stopHolding();
      disks[i].releaseAll();
      assertThat(ports[i].read(AhciRegisters.PX_CMD) & AhciRegisters.CMD_CR).isZero();
    }
    assertThat(controller.inFlight()).isZero();
    ports[0].resetController();
    for (int i = 0; i < PORTS; i++) {
      AhciDriver driver = new AhciDriver(cpu, HBA, i, allocator, () -> {});
      driver.bringUp();
      long buffer = HIGH_RAM;
      driver.submit(0, Operation.READ, 4096, buffer, 4096);
      int[] status = {-1};
      driver.interrupt((tag, result) -> status[0] = result);
      assertThat(status[0]).isZero();
    }
  }
}
