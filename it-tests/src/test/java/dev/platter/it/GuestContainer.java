package dev.platter.it;

import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.QemuVersion;
import dev.platter.emulator.guest.VmDisk;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.testcontainers.PlatterContainer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.output.OutputFrame;

/**
 * A QEMU in a container of its own, with the test guest in it and disks that another container
 * serves. Its standard output is the guest's console.
 */
final class GuestContainer extends GenericContainer<GuestContainer> {
  private static final Path SOCKETS = Path.of("/run/platter");
  private static final Path KERNEL = Path.of("/guest/kernel");
  private static final Path INITRAMFS = Path.of("/guest/initramfs");

  /** The least that the image's QEMU can do. */
  private static final Qemu IN_IMAGE =
      new Qemu(
          List.of("qemu-system-x86_64"),
          Map.of(),
          QemuVersion.VFIO_USER,
          true,
          Path.of("/usr/share"),
          "platter-it/qemu");

  private final QemuCommand machine;
  private final GuestConsole console = new GuestConsole();
  private final StringBuilder rest = new StringBuilder();
  private boolean ended;

  /** A machine with one vCPU and these jobs; disks are added before it starts. */
  GuestContainer(PlatterContainer platter, long memoryBytes, GuestJob... jobs) {
    super(Containers.QEMU);
    Guest guest = TestVm.guest();
    machine =
        new QemuCommand(IN_IMAGE, 1, memoryBytes)
            .kernel(KERNEL, INITRAMFS, GuestJob.commandLine(List.of(jobs)));
    withImagePullPolicy(name -> false);
    withNetworkMode("none");
    Containers.mount(this, guest.kernel(), KERNEL.toString());
    Containers.mount(this, guest.initramfs(), INITRAMFS.toString());
    Containers.mount(this, platter.socketDirectory(), SOCKETS.toString());
    withCreateContainerCmdModifier(create -> create.withUser(platter.user()));
    withLogConsumer(this::heard);
  }

  /** Adds a virtio disk. */
  GuestContainer virtio(String name) {
    machine.disk(new VmDisk.VhostUser(name, SOCKETS.resolve(name + ".sock"), 1, false));
    return this;
  }

  /** Adds a SATA controller. */
  GuestContainer sata(String name) {
    machine.disk(new VmDisk.VfioUser(name, SOCKETS.resolve(name + ".sock")));
    return this;
  }

  @Override
  protected void configure() {
    setCommandParts(machine.build(Accelerator.TCG).toArray(String[]::new));
  }

  private synchronized void heard(OutputFrame frame) {
    if (frame.getType() == OutputFrame.OutputType.END) {
      ended = true;
    } else {
      rest.append(frame.getUtf8String());
      int end = rest.indexOf("\n");
      while (end >= 0) {
        console.line(rest.substring(0, end));
        rest.delete(0, end + 1);
        end = rest.indexOf("\n");
      }
    }
    notifyAll();
  }

  /** Waits until the console has shown something. */
  synchronized void await(String what, Predicate<GuestConsole> shown) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!shown.test(console)) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (ended || left <= 0) {
        throw new AssertionError("no " + what + " on the guest's console:\n" + getLogs());
      }
      wait(left);
    }
  }

  /** Waits until all jobs are done; gives their results. */
  synchronized List<GuestConsole.Result> results() throws InterruptedException {
    await("end of its jobs", GuestConsole::done);
    return console.results();
  }
}
