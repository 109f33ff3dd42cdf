package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.devices.ahci.AhciController;
import dev.platter.devices.ahci.AhciDisk;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.virtio.blk.VirtioBlk;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import dev.platter.emulator.measure.machine.Machine;
import dev.platter.emulator.measure.machine.MachineConfig;
import dev.platter.emulator.measure.machine.Vcpu;
import dev.platter.emulator.measure.stages.MarkLog;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A machine with one disk and one vCPU, whose guest program is the workload. */
final class GuestBed implements AutoCloseable {
  private static final String VCPU = "vcpu0";
  private static final int LINE = 0;
  private static final int QUEUE_SIZE = 256;
  private static final long MMIO_BYTES = 4096;
  // The size for the driver's rings, tables and FISes, without its buffers.
  private static final long DRIVER_RAM_BYTES = 16 << 20;
  private static final int PAGE = 4096;

  private final DeviceKind device;
  private final BlockBackend image;
  private final TestBed.Setup setup;
  private final Machine machine;
  private final Vcpu cpu;

  // Written by the main loop until the machine begins to close; read after that.
  private final MarkLog ticks = new MarkLog("timer", "the main loop's timer");
  private final @Nullable GuestStamps stamps;

  GuestBed(DeviceKind device, BlockBackend image, TestBed.Setup setup) {
    this.device = device;
    this.image = image;
    this.setup = setup;
    this.stamps = newStamps(device, setup);
    long bufferBytes = Math.ceilDiv(setup.bufferBytes(), PAGE) * (long) PAGE;
    int ioThreads = device.onIoThreads() ? setup.ioThreads() : 0;
    machine =
        new Machine(
            new MachineConfig(
                DRIVER_RAM_BYTES + setup.depth() * bufferBytes,
                setup.mainLoop(),
                setup.ioThread(),
                ioThreads,
                setup.haltPollNanos(),
                setup.stages()));
    cpu = machine.newVcpu();
    machine.onMainLoop(this::plugIn);
    image.resizable().ifPresent(size -> machine.addHousekeeping(size::checkForResize));
    if (setup.activityNanos() > 0) {
      machine.addActivity(setup.activityNanos());
    }
    if (stamps != null) {
      machine.addHousekeeping(() -> ticks.add(System.nanoTime(), 0));
    }
  }

  private static @Nullable GuestStamps newStamps(DeviceKind device, TestBed.Setup setup) {
    StageRecorder recorder = setup.newRecorder(device);
    if (recorder == null) {
      return null;
    }
    int units = device.onIoThreads() ? setup.queues() : 1;
    return new GuestStamps(recorder, units, QUEUE_SIZE, setup.depth());
  }

  private void plugIn() {
    switch (device) {
      case AHCI -> plugInAhci();
      case VIRTIO -> plugInVirtio();
      case RAW -> throw new IllegalArgumentException("no guest drives " + device);
    }
  }

  private void plugInAhci() {
    AhciDisk disk = new AhciDisk(image, "PLATTER HARDDISK", "PL0001", "0.1");
    AhciController controller =
        new AhciController(
            machine.memory(),
            cpu.line(LINE),
            List.of(disk),
            AhciLoop.of(machine.mainLoop().context()));
    if (stamps != null) {
      controller.trace(stamps);
    }
    machine.bus().map(Machine.AHCI_BASE, controller.mmioSizeBytes(), controller);
    machine.attach(() -> {
      // A failed workload may have left requests in flight.
      while (controller.inFlight() > 0) {
        machine.mainLoop().context().turn(true);
      }
      controller.close();
    });
  }

  private void plugInVirtio() {
    VirtioBlk.Options options = new VirtioBlk.Options(setup.queues(), QUEUE_SIZE, "platter");
    VirtioBlk disk = new VirtioBlk(image, options, machine.ioThreadContexts());
    if (stamps != null) {
      disk.trace(stamps);
    }
    VirtioMmioTransport transport = new VirtioMmioTransport(disk, machine.memory(), cpu.line(LINE));
    machine.bus().map(Machine.VIRTIO_MMIO_BASE, MMIO_BYTES, transport);
    for (int queue = 0; queue < transport.queueCount(); queue++) {
      machine
          .bus()
          .addIoEventFd(
              Machine.VIRTIO_MMIO_BASE + MmioRegisters.QUEUE_NOTIFY,
              queue,
              transport.doorbell(queue));
    }
    machine.attach(transport);
  }

  MeasuredRun run(TestBed.Workload workload) {
    MeasuredRun[] measured = new MeasuredRun[1];
    machine.run(cpu, VCPU, vcpu -> measured[0] = guestProgram(vcpu, workload));
    return measured[0];
  }

  private MeasuredRun guestProgram(Vcpu vcpu, TestBed.Workload workload) {
    GuestAllocator ram =
        new GuestAllocator(
            PAGE, DRIVER_RAM_BYTES - PAGE + (long) setup.depth() * setup.bufferBytes());
    DiskDriver driver = bringUp(vcpu, ram);
    GuestTarget target =
        new GuestTarget(vcpu, driver, LINE, ram, setup.depth(), setup.bufferBytes(), stamps);
    List<AioContext> loops =
        device.onIoThreads() ? machine.ioThreadContexts() : List.of(machine.mainLoop().context());
    try (Meter meter =
        new Meter(
            loops,
            VCPU,
            machine.mainLoop().lock(),
            machine.bus()::exits,
            machine.bus()::ioEventFds,
            stamps == null ? null : stamps.recorder())) {
      return meter.measured(workload.apply(target, meter), List.of(ticks));
    }
  }

  private DiskDriver bringUp(Vcpu vcpu, GuestAllocator ram) {
    return switch (device) {
      case AHCI -> {
        AhciDriver driver = new AhciDriver(vcpu, Machine.AHCI_BASE, 0, ram);
        driver.bringUp();
        yield driver;
      }
      case VIRTIO ->
          new VirtioMmioBlkDriver(
              vcpu,
              Machine.VIRTIO_MMIO_BASE,
              ram,
              VirtioMmioBlkDriver.Options.DEFAULT.withQueues(setup.queues(), QUEUE_SIZE));
      case RAW -> throw new IllegalArgumentException("no guest drives " + device);
    };
  }

  @Override
  public void close() {
    machine.close();
  }
}
