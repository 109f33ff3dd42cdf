/*
 * Random 4 KiB writes whose blocks say where they belong, which run wrote them and which of its
 * writes they come from, with flushes among them and reads that check; in the end everything is read
 * back. An acknowledged write that does not read back is lost, older than what a completed flush
 * covered, torn, misplaced, or stale: the block holds what another run has written.
 *
 * A request that fails ends the program, unless retry=1: then the same one is made again until it
 * succeeds, as a database would that must not stop.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / 8, MAX_DEPTH = 256, SHOWN = 10 };
static const uint64_t MAGIC = 0x4659524556544c50; /* "PLTVERYF" */
static const uint64_t GOLDEN = 0x9e3779b97f4a7c15;
static const uint64_t PROGRESS_NANOS = 200000000, RETRY_NANOS = 200000000;

enum operation { IDLE, WRITE, READ };
struct slot {
  enum operation operation;
  uint64_t block, sequence;
};

static struct disk disk;
static struct ring ring;
static struct slot slots[MAX_DEPTH];
static char *buffers;
static uint64_t run, depth, flush_every, give_up_nanos, random_state, last_success_nanos;
/* By block: the newest write acknowledged, covered by a flush being made, by one completed. */
static uint64_t *acknowledged, *covering, *flushed;
static unsigned char *busy;
static uint64_t blocks, sequence, writes, flushes, reads, covered_writes, covering_writes;
static uint64_t outstanding, writes_since_flush, io_errors;
static bool flushing, retries;
static const char *until;
static struct {
  uint64_t lost, torn, older_than_flush, misplaced, stale, shown;
} bad;

static uint64_t draw(void) {
  return mix64(random_state += GOLDEN);
}

static void fill(uint64_t *words, uint64_t block, uint64_t number) {
  words[0] = MAGIC;
  words[1] = block * BLOCK;
  words[2] = number;
  words[3] = run;
  uint64_t state = mix64(block * GOLDEN + number) ^ run;
  for (int i = 4; i < WORDS; i++)
    words[i] = mix64(state += GOLDEN);
}

/* A number of this run's own. Early in a boot the kernel may have no randomness to give yet. */
static uint64_t new_run(void) {
  struct timespec now;
  uint64_t random = 0;
  clock_gettime(CLOCK_REALTIME, &now);
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
    random = now_nanos();
  return mix64(random ^ mix64((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec));
}

static void complain(const char *kind, uint64_t block, uint64_t found, uint64_t *counter) {
  ++*counter;
  if (bad.shown++ < SHOWN)
    printf("{\"bad_block_bytes\":%llu,\"kind\":\"%s\",\"found\":%llu,\"acknowledged\":%llu,"
           "\"flushed\":%llu}\n",
           (unsigned long long)block * BLOCK, kind, (unsigned long long)found,
           (unsigned long long)acknowledged[block], (unsigned long long)flushed[block]);
}

/* A block without a write in flight must hold the newest write that was acknowledged. */
static void check(const uint64_t *words, uint64_t block) {
  static uint64_t wanted[WORDS];
  uint64_t found = words[2];
  if (words[0] != MAGIC) {
    complain(flushed[block] ? "older_than_flush" : "lost", block, 0,
             flushed[block] ? &bad.older_than_flush : &bad.lost);
    return;
  }
  if (words[3] != run) {
    complain("stale", block, found, &bad.stale);
    return;
  }
  if (words[1] != block * BLOCK) {
    complain("misplaced", block, found, &bad.misplaced);
    return;
  }
  fill(wanted, block, found);
  if (memcmp(words, wanted, BLOCK))
    complain("torn", block, found, &bad.torn);
  else if (found < flushed[block])
    complain("older_than_flush", block, found, &bad.older_than_flush);
  else if (found != acknowledged[block])
    complain("lost", block, found, &bad.lost);
}

static void start_write(uint64_t tag, uint64_t block) {
  uint64_t *words = (uint64_t *)(buffers + tag * BLOCK);
  fill(words, block, ++sequence);
  slots[tag] = (struct slot){WRITE, block, sequence};
  ring_transfer(&ring, true, disk.fd, words, BLOCK, block * BLOCK, tag);
  writes_since_flush++;
}

static void start_read(uint64_t tag, uint64_t block) {
  slots[tag] = (struct slot){READ, block, 0};
  ring_transfer(&ring, false, disk.fd, buffers + tag * BLOCK, BLOCK, block * BLOCK, tag);
}

/* One request in four reads, where there is something to read. */
static void start(uint64_t tag) {
  uint64_t block;
  do
    block = draw() % blocks;
  while (busy[block]);
  busy[block] = 1;
  outstanding++;
  if (draw() % 4 == 0 && acknowledged[block])
    start_read(tag, block);
  else
    start_write(tag, block);
}

static void start_flush(void) {
  flushing = true;
  writes_since_flush = 0;
  covering_writes = writes;
  memcpy(covering, acknowledged, blocks * sizeof *covering);
  ring_flush(&ring, disk.fd, depth);
  outstanding++;
}

/* Makes a failed request again, after a while: a disk that is gone fails at once and for ever. */
static void again(uint64_t tag) {
  struct slot *slot = &slots[tag];
  io_errors++;
  sleep_until(now_nanos() + RETRY_NANOS);
  if (tag == depth)
    ring_flush(&ring, disk.fd, depth);
  else
    ring_transfer(&ring, slot->operation == WRITE, disk.fd, buffers + tag * BLOCK, BLOCK,
                  slot->block * BLOCK, tag);
}

/* Whether a request succeeded, now or later. */
static bool failed(uint64_t tag, int result) {
  if (!retries || result == (tag == depth ? 0 : BLOCK))
    return false;
  if (now_nanos() - last_success_nanos > give_up_nanos)
    die("%s has failed every request for too long: %s", disk.path, strerror(-result));
  again(tag);
  return true;
}

static void finish(uint64_t tag, int result) {
  if (failed(tag, result))
    return;
  last_success_nanos = now_nanos();
  outstanding--;
  if (tag == depth) {
    if (result)
      die("a flush of %s failed: %s", disk.path, strerror(-result));
    flushing = false;
    flushes++;
    covered_writes = covering_writes;
    memcpy(flushed, covering, blocks * sizeof *flushed);
    return;
  }
  struct slot *slot = &slots[tag];
  if (result != BLOCK)
    die("a %s at %llu of %s gave %s", slot->operation == WRITE ? "write" : "read",
        (unsigned long long)slot->block * BLOCK, disk.path,
        result < 0 ? strerror(-result) : "fewer bytes");
  busy[slot->block] = 0;
  if (slot->operation == WRITE) {
    acknowledged[slot->block] = slot->sequence;
    writes++;
  } else {
    check((const uint64_t *)(buffers + tag * BLOCK), slot->block);
    reads++;
  }
  slot->operation = IDLE;
}

static void reap(void) {
  uint64_t tag;
  int result;
  if (!ring_wait(&ring, now_nanos() + give_up_nanos))
    die("%llu requests outstanding and none completed in time", (unsigned long long)outstanding);
  while (ring_take(&ring, &tag, &result))
    finish(tag, result);
}

static void write_for(uint64_t nanos) {
  uint64_t end = now_nanos() + nanos, next_progress = 0;
  last_success_nanos = now_nanos();
  while (now_nanos() < end && !told_to_stop(until)) {
    for (uint64_t tag = 0; tag < depth; tag++)
      if (slots[tag].operation == IDLE)
        start(tag);
    if (!flushing && writes_since_flush >= flush_every)
      start_flush();
    reap();
    if (covered_writes && now_nanos() >= next_progress) {
      printf("{\"flushed\":%llu}\n", (unsigned long long)covered_writes);
      next_progress = now_nanos() + PROGRESS_NANOS;
    }
  }
  while (outstanding)
    reap();
  start_flush();
  while (outstanding)
    reap();
}

static uint64_t read_back(void) {
  uint64_t checked = 0;
  for (uint64_t block = 0; block < blocks; block++) {
    if (!acknowledged[block])
      continue;
    ssize_t count = pread(disk.fd, buffers, BLOCK, block * BLOCK);
    if (count != BLOCK)
      die("reading %s back at %llu failed: %s", disk.path, (unsigned long long)block * BLOCK,
          count < 0 ? strerror(errno) : "too short");
    check((const uint64_t *)buffers, block);
    checked++;
  }
  return checked;
}

/* Spoils one block behind the program's back, to show that the check can fail. */
static void spoil(const char *how) {
  uint64_t block = 0, *words = (uint64_t *)buffers;
  while (block < blocks && (!acknowledged[block] || acknowledged[block] == 1))
    block++;
  if (block == blocks)
    die("nothing to spoil");
  fill(words, block, acknowledged[block]);
  if (!strcmp(how, "torn"))
    memset(words + WORDS / 2, 0, BLOCK / 2);
  else if (!strcmp(how, "old"))
    fill(words, block, 1);
  else if (!strcmp(how, "misplaced"))
    fill(words, block + 1, acknowledged[block]);
  else if (!strcmp(how, "stale")) {
    run++;
    fill(words, block, acknowledged[block]);
    run--;
  } else if (!strcmp(how, "lost")) {
    memset(words, 0, BLOCK);
    flushed[block] = 0;
  } else
    die("spoil=%s: torn, old, misplaced, stale or lost?", how);
  if (pwrite(disk.fd, words, BLOCK, block * BLOCK) != BLOCK)
    die("spoiling failed: %s", strerror(errno));
}

int run_verify(void) {
  uint64_t region = arg_number("region", 64 << 20);
  depth = arg_number("iodepth", 16);
  flush_every = arg_number("flush_every", 64);
  random_state = arg_number("seed", 1);
  run = new_run();
  give_up_nanos = arg_number("give_up_s", 120) * 1000000000;
  uint64_t runtime_ms = arg_number("runtime_ms", 10000);
  const char *how = arg_text("spoil", NULL);
  retries = arg_number("retry", 0);
  until = arg_text("until", NULL);
  disk = disk_open(true);
  args_end();
  blocks = (region < disk.size_bytes ? region : disk.size_bytes) / BLOCK;
  if (!depth || depth > MAX_DEPTH || blocks < 2 * depth || !flush_every)
    die("iodepth must be 1 to %d and the region hold twice as many blocks; flush_every not 0",
        MAX_DEPTH);
  buffers = aligned_buffer(depth * BLOCK);
  acknowledged = aligned_buffer(blocks * sizeof *acknowledged);
  covering = aligned_buffer(blocks * sizeof *covering);
  flushed = aligned_buffer(blocks * sizeof *flushed);
  busy = aligned_buffer(blocks);
  ring_open(&ring, depth + 1);
  write_for(runtime_ms * 1000000);
  ring_close(&ring);
  if (how)
    spoil(how);
  uint64_t checked = read_back();
  bool good = !(bad.lost + bad.torn + bad.older_than_flush + bad.misplaced + bad.stale);
  printf("{\"verified\":%s,\"writes\":%llu,\"flushes\":%llu,\"reads\":%llu,\"blocks\":%llu,"
         "\"io_errors\":%llu,\"lost\":%llu,\"torn\":%llu,\"older_than_flush\":%llu,\"misplaced\":%llu,"
         "\"stale\":%llu}\n",
         good ? "true" : "false", (unsigned long long)writes, (unsigned long long)flushes,
         (unsigned long long)reads, (unsigned long long)checked, (unsigned long long)io_errors,
         (unsigned long long)bad.lost, (unsigned long long)bad.torn, (unsigned long long)bad.older_than_flush,
         (unsigned long long)bad.misplaced, (unsigned long long)bad.stale);
  return good ? 0 : 1;
}
