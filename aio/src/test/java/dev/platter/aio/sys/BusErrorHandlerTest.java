package dev.platter.aio.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The machine code that looks for a mapping, step by step, while another thread gives a slot from
 * one mapping to the next: each of its reads at each moment in between. It runs here and not on the
 * CPU, where the moments that matter are a nanosecond long.
 */
class BusErrorHandlerTest {
  private static final long TABLE = 0x7000_0000_0000L;
  private static final long SIGNAL_INFO = 0x1000;
  private static final int SLOTS = 2;

  private record Range(long start, long length) {}

  private record Store(long offset, long value) {}

  /** A small mapping below, a large one above, and in between the one that is accessed. */
  private static final Range BELOW = new Range(0x60_0000, 0x1000);

  private static final Range LARGE = new Range(0x1000_0000, 0x4000_0000);
  private static final Range OWN = new Range(0x70_0000, 0x2000);
  private static final long FAULT = OWN.start + 0x1010;

  /** Remembers what is stored, in order. */
  private static final class Recorded extends GuardTable {
    final MemorySegment memory;
    final List<Store> stores = new ArrayList<>();

    private Recorded(MemorySegment memory) {
      super(memory);
      this.memory = memory;
    }

    Recorded() {
      this(Arena.ofAuto().allocate(HEAD_BYTES + (long) SLOTS * SLOT_BYTES, 8));
    }

    @Override
    void store(long offset, long value) {
      super.store(offset, value);
      stores.add(new Store(offset, value));
    }

    void put(int slot, Range range) {
      put(slot, range.start, range.length);
    }

    long[] words() {
      return memory.toArray(ValueLayout.JAVA_LONG);
    }
  }

  /** The CPU in the handler, after so many stores of the other thread. */
  private record State(
      int stores,
      int at,
      long rax,
      long rcx,
      long rdx,
      long rdi,
      long rsi,
      long r9,
      long r10,
      boolean zero,
      boolean below) {
    State next(int bytes) {
      return to(at + bytes);
    }

    State to(int there) {
      return new State(stores, there, rax, rcx, rdx, rdi, rsi, r9, r10, zero, below);
    }

    State after(int more) {
      return new State(stores + more, at, rax, rcx, rdx, rdi, rsi, r9, r10, zero, below);
    }

    State rax(long value) {
      return new State(stores, at, value, rcx, rdx, rdi, rsi, r9, r10, zero, below);
    }

    State rcx(long value) {
      return new State(stores, at, rax, value, rdx, rdi, rsi, r9, r10, zero, below);
    }

    State rdx(long value) {
      return new State(stores, at, rax, rcx, value, rdi, rsi, r9, r10, zero, below);
    }

    State rdi(long value) {
      return new State(stores, at, rax, rcx, rdx, value, rsi, r9, r10, zero, below);
    }

    State rsi(long value) {
      return new State(stores, at, rax, rcx, rdx, rdi, value, r9, r10, zero, below);
    }

    State r9(long value) {
      return new State(stores, at, rax, rcx, rdx, rdi, rsi, value, r10, zero, below);
    }

    State r10(long value) {
      return new State(stores, at, rax, rcx, rdx, rdi, rsi, r9, value, zero, below);
    }

    State compared(long left, long right) {
      boolean less = Long.compareUnsigned(left, right) < 0;
      return new State(stores, at, rax, rcx, rdx, rdi, rsi, r9, r10, left == right, less);
    }
  }

  private final byte[] code = BusErrorGuard.instructions(TABLE);
  // What the table is like after each store.
  private final List<long[]> tables = new ArrayList<>();

  private long read(State state, long address) {
    return address == SIGNAL_INFO + 16
        ? FAULT
        : tables.get(state.stores)[(int) (address - TABLE) / Long.BYTES];
  }

  private boolean is(State state, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    for (int i = 0; i < bytes.length; i++) {
      if (code[state.at + i] != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  private int displacement(State state, int after) {
    return code[state.at + after];
  }

  private State jump(State state, boolean taken) {
    return state.next(taken ? 2 + displacement(state, 1) : 2);
  }

  private State step(State s) {
    if (is(s, "49b8")) { // movabs $table, %r8
      return s.next(10);
    }
    if (is(s, "57") || is(s, "56") || is(s, "52")) { // push
      return s.next(1);
    }
    if (is(s, "4150") || is(s, "4151")) { // push
      return s.next(2);
    }
    if (is(s, "488b46")) { // mov d(%rsi), %rax
      return s.rax(read(s, s.rsi + displacement(s, 3))).next(4);
    }
    if (is(s, "498b48")) { // mov d(%r8), %rcx
      return s.rcx(read(s, TABLE + displacement(s, 3))).next(4);
    }
    if (is(s, "4d8d48")) { // lea d(%r8), %r9
      return s.r9(TABLE + displacement(s, 3)).next(4);
    }
    if (is(s, "4885c9")) { // test %rcx, %rcx
      return s.compared(s.rcx, 0).next(3);
    }
    if (is(s, "74")) { // jz
      return jump(s, s.zero);
    }
    if (is(s, "4d8b51")) { // mov d(%r9), %r10
      return s.r10(read(s, s.r9 + displacement(s, 3))).next(4);
    }
    if (is(s, "498b39")) { // mov (%r9), %rdi
      return s.rdi(read(s, s.r9)).next(3);
    }
    if (is(s, "498b71")) { // mov d(%r9), %rsi
      return s.rsi(read(s, s.r9 + displacement(s, 3))).next(4);
    }
    if (is(s, "4d3b51")) { // cmp d(%r9), %r10
      return s.compared(s.r10, read(s, s.r9 + displacement(s, 3))).next(4);
    }
    if (is(s, "75")) { // jne
      return jump(s, !s.zero);
    }
    if (is(s, "4889c2")) { // mov %rax, %rdx
      return s.rdx(s.rax).next(3);
    }
    if (is(s, "4829fa")) { // sub %rdi, %rdx
      return s.rdx(s.rdx - s.rdi).next(3);
    }
    if (is(s, "4839f2")) { // cmp %rsi, %rdx
      return s.compared(s.rdx, s.rsi).next(3);
    }
    if (is(s, "72")) { // jb
      return jump(s, s.below);
    }
    if (is(s, "4983c1")) { // add $d, %r9
      return s.r9(s.r9 + displacement(s, 3)).next(4);
    }
    if (is(s, "48ffc9")) { // dec %rcx
      return s.rcx(s.rcx - 1).next(3);
    }
    if (is(s, "eb")) { // jmp
      return jump(s, true);
    }
    throw new AssertionError("an instruction that is not known at " + s);
  }

  /** What the handler takes for the mapping; nothing if it passes the signal on. */
  private Set<Range> taken() {
    Set<Range> taken = new HashSet<>();
    Set<State> seen = new HashSet<>();
    ArrayDeque<State> open = new ArrayDeque<>();
    open.add(new State(0, 0, 0, 0, 0, 0, SIGNAL_INFO, 0, 0, false, false));
    while (!open.isEmpty()) {
      State state = open.remove();
      if (!seen.add(state)) {
        continue;
      }
      if (state.stores + 1 < tables.size()) {
        open.add(state.after(1));
      }
      if (is(state, "ba03000000")) { // mov $3, %edx: what is found is mapped over
        taken.add(new Range(state.rdi, state.rsi));
      } else if (is(state, "5a")) { // pop %rdx: not ours
        taken.add(new Range(0, 0));
      } else {
        open.add(step(state));
      }
    }
    return taken;
  }

  private void giveAway(Range... owners) {
    Recorded table = new Recorded();
    table.put(1, OWN);
    table.use(SLOTS);
    long[] words = table.words();
    tables.clear();
    tables.add(words.clone());
    table.stores.clear();
    for (Range owner : owners) {
      table.put(0, owner);
      table.clear(0);
    }
    for (Store store : table.stores) {
      words[(int) store.offset / Long.BYTES] = store.value;
      tables.add(words.clone());
    }
  }

  @Test
  void aSlotThatChangesHandsIsNotTakenForBoth() {
    assertThat(FAULT - BELOW.start).as("an unlucky pair").isLessThan(LARGE.length);
    giveAway(BELOW, LARGE);
    assertThat(taken()).containsExactly(OWN);
    giveAway(LARGE, BELOW);
    assertThat(taken()).containsExactly(OWN);
  }

  /** The kernel likes to give an address again: the start alone does not tell one from another. */
  @Test
  void norOneThatGoesBackToTheSameAddress() {
    giveAway(BELOW, LARGE, BELOW, LARGE, BELOW);
    assertThat(taken()).containsExactly(OWN);
  }

  @Test
  void whatLiesInNoMappingIsPassedOn() {
    giveAway(BELOW);
    tables.forEach(words -> words[1] = 1); // the first slot only
    assertThat(taken()).containsExactly(new Range(0, 0));
  }
}
