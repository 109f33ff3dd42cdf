package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Lets the process survive a file that shrinks under a shared mapping. The kernel answers an access
 * beyond the file's end with SIGBUS. HotSpot turns some of these signals into a late InternalError.
 * It dies of the others, because it must decode an instruction to step over it, and cannot decode
 * all instructions that it compiles.
 *
 * <p>For guarded mappings, a handler in front of HotSpot's puts anonymous memory in place of the
 * file and lets the instruction run again. A reader then sees zeroes, and the owner is told that
 * the memory is lost. Every other SIGBUS goes to HotSpot. An access costs nothing extra.
 *
 * <p>The handler finds the mapping by its address in the {@link GuardTable}; the thread uses that
 * mapping, so no other thread unmaps it.
 *
 * <p>The handler must not run Java, so it is a few instructions of machine code, for x86-64 only.
 * Elsewhere {@link #isAvailable} is false.
 */
public final class BusErrorGuard {
  private static final int SIGBUS = 7;

  // struct sigaction of the C library: handler, a mask of 128 bytes, flags, restorer.
  private static final int SIGACTION_SIZE = 152;
  private static final int SIGACTION_FLAGS = 136;
  private static final int SA_SIGINFO = 4;
  private static final int PROT_READ_EXEC = 5;

  private static final String CODE_BEFORE_TABLE = "49b8"; // movabs $table, %r8
  private static final String CODE_AFTER_TABLE =
      "57" //                 push %rdi
          + "56" //           push %rsi
          + "52" //           push %rdx
          + "488b4610" //     mov 16(%rsi), %rax      siginfo.si_addr
          + "498b4808" //     mov 8(%r8), %rcx        slots used
          + "4d8d4820" //     lea 32(%r8), %r9        the first
          + "4885c9" //    1: test %rcx, %rcx
          + "746f" //         jz 4f
          + "4d8b5118" //  2: mov 24(%r9), %r10       generation
          + "498b39" //       mov (%r9), %rdi         start
          + "498b7108" //     mov 8(%r9), %rsi        length
          + "4d3b5118" //     cmp 24(%r9), %r10       are they of one mapping?
          + "75ef" //         jne 2b
          + "4889c2" //       mov %rax, %rdx
          + "4829fa" //       sub %rdi, %rdx
          + "4839f2" //       cmp %rsi, %rdx
          + "7209" //         jb 3f
          + "4983c120" //     add $32, %r9
          + "48ffc9" //       dec %rcx
          + "ebd6" //         jmp 1b
          + "4150" //      3: push %r8
          + "4151" //         push %r9
          + "ba03000000" //   mov $3, %edx            PROT_READ | PROT_WRITE
          + "41ba32400000" // mov $0x4032, %r10d      MAP_PRIVATE, FIXED, ANONYMOUS, NORESERVE
          + "49c7c0ffffffff" // mov $-1, %r8
          + "4531c9" //       xor %r9d, %r9d
          + "b809000000" //   mov $9, %eax            mmap
          + "0f05" //         syscall
          + "4159" //         pop %r9
          + "4158" //         pop %r8
          + "4885c0" //       test %rax, %rax
          + "7821" //         js 4f
          + "49c7411001000000" // movq $1, 16(%r9)    lost
          + "418b7810" //     mov 16(%r8), %edi       eventfd
          + "498d7018" //     lea 24(%r8), %rsi       one
          + "ba08000000" //   mov $8, %edx
          + "b801000000" //   mov $1, %eax            write
          + "0f05" //         syscall
          + "4883c418" //     add $24, %rsp
          + "c3" //           ret
          + "5a" //        4: pop %rdx
          + "5e" //           pop %rsi
          + "5f" //           pop %rdi
          + "41ff20"; //      jmp *(%r8)              the next handler

  private static final MethodHandle SIGACTION =
      Downcalls.returningInt("sigaction", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MPROTECT =
      Downcalls.returningInt("mprotect", JAVA_LONG, JAVA_LONG, JAVA_INT);

  private static final @Nullable BusErrorGuard INSTANCE = install();

  private final GuardTable table;
  private final int eventFd;
  private final ThreadFactory threads;
  private final List<@Nullable Watch> watches = new ArrayList<>();
  private final BitSet used = new BitSet();
  private boolean listening;

  /**
   * Creates a guard for a table that a handler reads.
   *
   * @param threads makes the thread that tells owners
   */
  BusErrorGuard(GuardTable table, int eventFd, ThreadFactory threads) {
    this.table = table;
    this.eventFd = eventFd;
    this.threads = threads;
  }

  /** A guarded mapping. */
  public final class Watch implements AutoCloseable {
    private final int slot;
    private final Runnable lost;
    private boolean closed;

    private Watch(int slot, Runnable lost) {
      this.slot = slot;
      this.lost = lost;
    }

    /** Ends the guard, before the range is unmapped and when nobody uses it. Idempotent. */
    @Override
    public void close() {
      synchronized (BusErrorGuard.this) {
        if (!closed) {
          closed = true;
          table.clear(slot);
          watches.set(slot, null);
          used.clear(slot);
        }
      }
    }
  }

  // ---- setting up ----------------------------------------------------------------------------

  private static @Nullable BusErrorGuard install() {
    if (!System.getProperty("os.arch").equals("amd64")) {
      return null;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(SIGACTION_SIZE, 8);
      int eventFd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
      if (eventFd < 0
          || sigaction(0, action.address()) < 0
          || (action.get(JAVA_INT, SIGACTION_FLAGS) & SA_SIGINFO) == 0) {
        return null; // an unknown JVM; HotSpot has a handler from its start
      }
      GuardTable table = new GuardTable(Mapping.anonymous(GuardTable.BYTES).segment());
      table.setHead(GuardTable.NEXT_HANDLER, action.get(JAVA_LONG, 0));
      table.setHead(GuardTable.EVENTFD, eventFd);
      table.setHead(GuardTable.ONE, 1);
      action.set(JAVA_LONG, 0, code(table.address()));
      ThreadFactory threads = Thread.ofPlatform().name("memory-guard").daemon().factory();
      return sigaction(action.address(), 0) < 0 ? null : new BusErrorGuard(table, eventFd, threads);
    } catch (ErrnoException e) {
      return null;
    }
  }

  /** The handler's machine code, for a table at an address. */
  static byte[] instructions(long table) {
    byte[] address = new byte[Long.BYTES];
    MemorySegment.ofArray(address)
        .set(JAVA_LONG.withByteAlignment(1).withOrder(ByteOrder.LITTLE_ENDIAN), 0, table);
    HexFormat hex = HexFormat.of();
    return hex.parseHex(CODE_BEFORE_TABLE + hex.formatHex(address) + CODE_AFTER_TABLE);
  }

  /** Puts the handler into memory of its own, which is executable and no longer writable. */
  private static long code(long table) throws ErrnoException {
    byte[] code = instructions(table);
    MemorySegment page = Mapping.anonymous(4096).segment();
    MemorySegment.copy(code, 0, page, JAVA_BYTE, 0, code.length);
    int result;
    try {
      MemorySegment errno = Downcalls.capture();
      result =
          Downcalls.check(
              (int) MPROTECT.invokeExact(errno, page.address(), 4096L, PROT_READ_EXEC), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
    if (result < 0) {
      throw new ErrnoException("mprotect", -result);
    }
    return page.address();
  }

  private static int sigaction(long action, long old) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) SIGACTION.invokeExact(errno, SIGBUS, action, old), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** Whether mappings can be guarded on this machine. */
  public static boolean isAvailable() {
    return INSTANCE != null;
  }

  // ---- watching ------------------------------------------------------------------------------

  /**
   * Guards a mapping.
   *
   * @param mapping a whole number of its file's pages, as mapped; unmapped after {@link
   *     Watch#close}
   * @param lost is told that the memory is gone, on a thread of the guard and perhaps more than
   *     once; must not block
   * @return null if there are too many mappings, guarding is not available, or no thread can be
   *     started
   */
  public static @Nullable Watch watch(MemorySegment mapping, Runnable lost) {
    return INSTANCE == null ? null : INSTANCE.add(mapping, lost);
  }

  synchronized @Nullable Watch add(MemorySegment mapping, Runnable lost) {
    int slot = used.nextClearBit(0);
    if (slot == GuardTable.SLOTS || !listen()) {
      return null;
    }
    Watch watch = new Watch(slot, lost);
    used.set(slot);
    if (slot == watches.size()) {
      watches.add(watch);
    } else {
      watches.set(slot, watch);
    }
    table.put(slot, mapping.address(), mapping.byteSize());
    table.use(watches.size());
    return watch;
  }

  private boolean listen() {
    if (!listening) {
      try {
        threads.newThread(this::run).start();
        listening = true;
      } catch (OutOfMemoryError e) {
        return false; // no thread to be had, now
      }
    }
    return true;
  }

  private void run() {
    MemorySegment counter = Arena.global().allocate(JAVA_LONG);
    while (true) {
      if (Libc.read(eventFd, counter.address(), Long.BYTES) == Long.BYTES) {
        tell();
      }
    }
  }

  private synchronized void tell() {
    for (int slot = 0; slot < watches.size(); slot++) {
      Watch watch = watches.get(slot);
      if (watch != null && table.isLost(slot)) {
        watch.lost.run();
      }
    }
  }
}
