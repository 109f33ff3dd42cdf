/*
 * Reads that check a part of the disk nobody writes to, and memory that is watched meanwhile. What a
 * read went to is filled with a pattern as soon as the read is over, kept for a while, checked, and
 * given back to the kernel; a large area beside it is watched all the time. A device that still
 * writes to pages when their request is over, whether it succeeded or failed, changes one of them.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, READ = 1 << 16, DEPTH = 8, KEPT = 256, AREA = 24 << 20, SHOWN = 10 };
static const uint64_t LOOK_NANOS = 200000000, PAUSE_NANOS = 20000000;

static struct disk disk;
static struct ring ring;
static uint64_t seed, area_offset, area_bytes, random_state, patterns;
static struct {
  char *buffer;
  uint64_t offset;
} reading[DEPTH];
/* Memory that was read into, the oldest at kept_next; the pattern of each. */
static struct {
  char *buffer;
  uint64_t pattern;
} kept[KEPT];
static unsigned kept_next;
static uint64_t outstanding, reads, io_errors, wrong_reads, damaged_pages, checked_pages, shown;

static char *pages(size_t bytes) {
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    die("no memory for %zu bytes", bytes);
  return at;
}

/* Counts the pages that do not hold the pattern of a seed. */
static uint64_t differing(const char *what, const char *bytes, size_t length, uint64_t pattern,
                          uint64_t offset) {
  static uint64_t wanted[PAGE / 8];
  uint64_t count = 0;
  for (size_t at = 0; at < length; at += PAGE) {
    const uint64_t *words = (const uint64_t *)(bytes + at);
    pattern_fill(wanted, PAGE, pattern, offset + at);
    if (!memcmp(words, wanted, PAGE))
      continue;
    count++;
    for (unsigned i = 0; i < PAGE / 8 && shown < SHOWN; i++)
      if (words[i] != wanted[i]) {
        shown++;
        printf("{\"%s\":%llu,\"word\":%u,\"holds\":\"%016llx\",\"wanted\":\"%016llx\"}\n", what,
               (unsigned long long)(offset + at), i, (unsigned long long)words[i],
               (unsigned long long)wanted[i]);
        break;
      }
  }
  return count;
}

static void check_kept(unsigned index) {
  if (!kept[index].buffer)
    return;
  damaged_pages += differing("damaged_page", kept[index].buffer, READ, kept[index].pattern, 0);
  checked_pages += READ / PAGE;
  munmap(kept[index].buffer, READ);
  kept[index].buffer = NULL;
}

/* Puts a pattern of its own into memory whose read is over, and watches it. */
static void keep(char *buffer) {
  check_kept(kept_next);
  kept[kept_next].buffer = buffer;
  kept[kept_next].pattern = ++patterns ^ seed << 32;
  pattern_fill(buffer, READ, kept[kept_next].pattern, 0);
  kept_next = (kept_next + 1) % KEPT;
}

static void start(uint64_t tag) {
  random_state += 0x9e3779b97f4a7c15;
  uint64_t offset = area_offset + mix64(random_state) % (area_bytes / READ) * READ;
  reading[tag].buffer = pages(READ);
  reading[tag].offset = offset;
  ring_transfer(&ring, false, disk.fd, reading[tag].buffer, READ, offset, tag);
  outstanding++;
}

static void finish(uint64_t tag, int result) {
  outstanding--;
  if (result != READ)
    io_errors++;
  else if (differing("wrong_read", reading[tag].buffer, READ, seed, reading[tag].offset))
    wrong_reads++;
  reads++;
  keep(reading[tag].buffer);
  reading[tag].buffer = NULL;
}

int run_guard(void) {
  area_offset = arg_number("offset", 16 << 20);
  area_bytes = arg_number("bytes", 16 << 20);
  seed = arg_number("seed", 1);
  uint64_t give_up_nanos = arg_number("give_up_s", 400) * 1000000000;
  uint64_t runtime_nanos = arg_number("runtime_ms", 86400000) * 1000000;
  bool spoil = arg_number("spoil", 0);
  const char *until = arg_text("until", NULL);
  disk = disk_open(false);
  args_end();
  if (area_bytes < READ || area_offset % READ || area_offset + area_bytes > disk.size_bytes)
    die("offset and bytes must name a part of %s, in units of %d bytes", disk.path, READ);
  random_state = seed;
  char *area = pages(AREA);
  pattern_fill(area, AREA, ~seed, 0);
  ring_open(&ring, DEPTH);
  uint64_t begin = now_nanos(), tag, stop_nanos = 0;
  int result;
  while (!stop_nanos || outstanding) {
    if (!stop_nanos && (told_to_stop(until) || now_nanos() - begin > runtime_nanos))
      stop_nanos = now_nanos();
    if (stop_nanos && now_nanos() - stop_nanos > give_up_nanos)
      die("%llu reads outstanding and none completed in time", (unsigned long long)outstanding);
    for (tag = 0; tag < DEPTH && !stop_nanos; tag++)
      if (!reading[tag].buffer)
        start(tag);
    if (!ring_wait(&ring, now_nanos() + LOOK_NANOS))
      continue;
    while (ring_take(&ring, &tag, &result))
      finish(tag, result);
    /* The disk is not the bottleneck here, and others use the processor. */
    sleep_until(now_nanos() + PAUSE_NANOS);
  }
  if (spoil)
    area[AREA / 2] ^= 1;
  for (unsigned i = 0; i < KEPT; i++)
    check_kept(i);
  damaged_pages += differing("damaged_page", area, AREA, ~seed, 0);
  checked_pages += AREA / PAGE;
  bool good = !damaged_pages && !wrong_reads;
  printf("{\"guarded\":%s,\"reads\":%llu,\"io_errors\":%llu,\"wrong_reads\":%llu,"
         "\"checked_pages\":%llu,\"damaged_pages\":%llu}\n",
         good ? "true" : "false", (unsigned long long)reads, (unsigned long long)io_errors,
         (unsigned long long)wrong_reads, (unsigned long long)checked_pages,
         (unsigned long long)damaged_pages);
  return good ? 0 : 1;
}
