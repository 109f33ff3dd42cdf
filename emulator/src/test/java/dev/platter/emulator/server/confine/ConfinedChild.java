package dev.platter.emulator.server.confine;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A program that confines itself and tells what it can still do. */
final class ConfinedChild {
  private ConfinedChild() {}

  /** What it tells: one word for each attempt, "name=result". */
  @FunctionalInterface
  private interface Attempt {
    void run() throws Exception;
  }

  /**
   * Runs it.
   *
   * @param args a directory with disk.img, secret, run/ and more/; a victim's pid; a TCP port that
   *     somebody listens on; any text; a name that is not ASCII
   */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    Path image = directory.resolve("disk.img");
    Path socket = directory.resolve("run/vda.sock");
    ExportConfig byPath =
        VirtioBlkExport.at(socket, "vda", image.toString(), ImageOptions.WRITABLE);
    ExportConfig inherited =
        new VirtioBlkExport(
            "vdb",
            new Endpoint.Descriptor(8),
            new ImageConfig(directory.resolve("other.img").toString(), ImageOptions.READ_ONLY),
            "vdb",
            1,
            List.of(),
            OptionalLong.empty());
    ConfinementPlan plan =
        ConfinementPlan.of(Mode.AUTO, ServeConfig.of(byPath, inherited))
            .allowing(List.of(directory.resolve("more")))
            .writing(directory.resolve("written/stages.json"));
    try {
      Confinement.checkJvm(plan.allowed());
      Confinement.enter(plan, note -> System.out.println("note=" + note));
    } catch (PlatterException e) {
      System.out.println("refused=" + e.getMessage());
      System.exit(e.kind() == PlatterException.Kind.BAD_INPUT ? 2 : 1);
    }
    System.out.println("state=" + Confinement.state().fields());
    System.out.println("pid=" + ProcessHandle.current().pid());
    System.out.println("text=" + args[3]);
    System.out.println("name=" + args[4]);
    System.out.println("agent=" + System.getProperty(Agent.class.getName()));
    System.out.println("privileges=" + ConfinementCheck.noThreadMayGainPrivileges());
    System.out.println("fd7=" + Files.isSymbolicLink(Path.of("/proc/self/fd/7")));
    System.out.println("fd8=" + Files.isSymbolicLink(Path.of("/proc/self/fd/8")));

    opened("image", image);
    opened("secret", directory.resolve("secret"));
    opened("added", directory.resolve("more/added.img"));
    opened("passwords", Path.of("/etc/passwd"));
    Thread other = new Thread(() -> opened("secret-on-thread", directory.resolve("secret")));
    other.start();
    other.join();
    attempt("write-image", () -> RawImage.open(image.toString(), ImageOptions.WRITABLE).close());
    String readOnly = directory.resolve("other.img").toString();
    attempt("write-readonly", () -> RawImage.open(readOnly, ImageOptions.WRITABLE).close());
    attempt("listen", () -> UnixListener.bind(socket).close());
    attempt("make-file", () -> Files.createFile(directory.resolve("run/file")));
    attempt("make-beside", () -> Files.createFile(directory.resolve("more/file")));
    attempt("write-document", () -> Files.writeString(directory.resolve("written/a"), "x"));
    attempt("remove-image", () -> Files.delete(image));
    attempt("link-image", () -> Files.createLink(directory.resolve("written/l"), image));
    attempt("execute", () -> new ProcessBuilder("/bin/true").start().waitFor());
    attempt("bind", () -> new ServerSocket(0).close());
    attempt(
        "connect", () -> new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[2])));
    attempt("signal", () -> kill(Long.parseLong(args[1])));
    Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
    attempt("write-scratch", () -> Files.createFile(scratch.resolve("file")));
    Confinement.leave();
    System.out.println("scratch-left=" + Files.exists(scratch));
  }

  /** What a monitoring tool would inject. */
  static final class Agent {
    private Agent() {}

    /** Called by the JVM before {@code main}. */
    public static void premain(String options) {
      System.setProperty(Agent.class.getName(), options);
    }
  }

  private static void kill(long pid) throws IOException {
    if (!ProcessHandle.of(pid).orElseThrow().destroyForcibly()) {
      throw new IOException("refused");
    }
  }

  private static void opened(String name, Path path) {
    int result = ConfinementCheck.tryOpen(path.toString());
    System.out.println(name + "=" + (result < 0 ? Errno.name(result) : "opened"));
  }

  private static void attempt(String name, Attempt attempt) {
    @Nullable String failure = null;
    try {
      attempt.run();
    } catch (Exception e) {
      failure = e.toString();
    }
    System.out.println(name + "=" + (failure == null ? "done" : "refused " + failure));
  }
}
