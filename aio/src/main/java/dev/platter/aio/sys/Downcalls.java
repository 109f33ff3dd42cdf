package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * Method handles for libc functions, all taking a per-thread errno buffer first. Pointers travel as
 * {@code long}: the callers in this package keep the memory alive for the length of the call.
 */
final class Downcalls {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE_LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  // One buffer per thread: a shared one would let a thread read another thread's errno.
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE_LAYOUT));

  private Downcalls() {}

  /** The calling thread's errno buffer, to pass as first argument. */
  static MemorySegment capture() {
    return CAPTURE.get();
  }

  /**
   * {@code result}, or the negated errno that the last call on this thread left in {@code capture}.
   */
  static int check(int result, MemorySegment capture) {
    return result == -1 ? -capture.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  /**
   * {@code result}, or the negated errno that the last call on this thread left in {@code capture}.
   */
  static long check(long result, MemorySegment capture) {
    return result == -1 ? -capture.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  /** A handle for {@code int name(args...)}. */
  static MethodHandle returningInt(String name, MemoryLayout... args) {
    return bind(name, FunctionDescriptor.of(JAVA_INT, args), -1);
  }

  /** A handle for {@code long name(args...)}, also for functions that return a pointer. */
  static MethodHandle returningLong(String name, MemoryLayout... args) {
    return bind(name, FunctionDescriptor.of(JAVA_LONG, args), -1);
  }

  /** A handle for {@code int name(fixed..., ...)} called with {@code args}. */
  static MethodHandle variadicInt(String name, int fixedArgs, MemoryLayout... args) {
    return bind(name, FunctionDescriptor.of(JAVA_INT, args), fixedArgs);
  }

  /** A handle for {@code long name(fixed..., ...)} called with {@code args}. */
  static MethodHandle variadicLong(String name, int fixedArgs, MemoryLayout... args) {
    return bind(name, FunctionDescriptor.of(JAVA_LONG, args), fixedArgs);
  }

  /**
   * A handle for {@code long name(fixed..., ...)} that takes no errno buffer, for calls whose errno
   * nobody needs: JDK 25 may allocate 40 bytes to check the buffer where its inlining falls short.
   */
  @SuppressWarnings("restricted")
  static MethodHandle variadicLongWithoutErrno(String name, int fixedArgs, MemoryLayout... args) {
    // SAFETY: as below.
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_LONG, args),
        Linker.Option.firstVariadicArg(fixedArgs));
  }

  @SuppressWarnings("restricted")
  private static MethodHandle bind(String name, FunctionDescriptor descriptor, int fixedArgs) {
    MemorySegment symbol = LINKER.defaultLookup().findOrThrow(name);
    Linker.Option errno = Linker.Option.captureCallState("errno");
    // SAFETY: the descriptors in this package repeat the prototypes of the C library's headers; the
    // symbol lives as long as the process. No call is marked critical: every one may block.
    return fixedArgs < 0
        ? LINKER.downcallHandle(symbol, descriptor, errno)
        : LINKER.downcallHandle(
            symbol, descriptor, errno, Linker.Option.firstVariadicArg(fixedArgs));
  }

  /**
   * The error for a call that the JVM itself refused, because of a bug in a descriptor above.
   *
   * @throws VirtualMachineError if {@code cause} is such an error
   */
  static AssertionError linkageBug(Throwable cause) {
    if (cause instanceof VirtualMachineError error) {
      throw error;
    }
    return new AssertionError("native call could not be made", cause);
  }
}
