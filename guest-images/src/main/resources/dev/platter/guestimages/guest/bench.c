/* A closed loop that keeps a number of requests outstanding: the workload of `platter bench`. */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 1024 };
static const uint64_t GIVE_UP_NANOS = 30000000000ull;

static struct {
  const char *rw;
  bool write, random;
  uint64_t bytes, depth, warmup_ms, runtime_ms, count, seed;
} options;
static struct disk disk;
static struct ring ring;
static struct figures figures;
static char *buffers;
static uint64_t submitted_nanos[MAX_DEPTH];
static uint64_t random_state, next_block;

static void start(uint64_t tag) {
  uint64_t blocks = disk.size_bytes / options.bytes;
  uint64_t block;
  if (options.random) {
    random_state += 0x9e3779b97f4a7c15;
    block = mix64(random_state) % blocks;
  } else {
    block = next_block;
    next_block = (next_block + 1) % blocks;
  }
  submitted_nanos[tag] = now_nanos();
  ring_transfer(&ring, options.write, disk.fd, buffers + tag * options.bytes, options.bytes,
                block * options.bytes, tag);
}

static void finish(uint64_t tag, int result, bool measuring) {
  if (measuring)
    figures_latency(&figures, now_nanos() - submitted_nanos[tag]);
  if (result != (int)options.bytes)
    die("a %s of %llu bytes on %s gave %s", options.write ? "write" : "read",
        (unsigned long long)options.bytes, disk.path, result < 0 ? strerror(-result) : "fewer");
}

static void wait_for_one(void) {
  if (!ring_wait(&ring, now_nanos() + GIVE_UP_NANOS))
    die("none of %llu requests outstanding completed in 30 s", (unsigned long long)options.depth);
}

static void run_once(void) {
  uint64_t tag, requests = 0, begin = now_nanos() + options.warmup_ms * 1000000, now;
  uint64_t outstanding = options.depth;
  bool measuring = false;
  int result;
  for (tag = 0; tag < options.depth; tag++)
    start(tag);
  for (;;) {
    wait_for_one();
    now = now_nanos();
    if (!measuring && now >= begin) {
      measuring = true;
      begin = now;
      figures_begin(&figures, &ring);
    }
    while (ring_take(&ring, &tag, &result)) {
      finish(tag, result, measuring);
      requests += measuring;
      start(tag);
    }
    if (measuring && (options.count ? requests >= options.count
                                    : now - begin >= options.runtime_ms * 1000000))
      break;
  }
  figures_end(&figures, &ring, now_nanos() - begin, requests, requests * options.bytes);
  while (outstanding) {
    wait_for_one();
    while (ring_take(&ring, &tag, &result)) {
      finish(tag, result, false);
      outstanding--;
    }
  }
  if (options.write) {
    ring_flush(&ring, disk.fd, 0);
    wait_for_one();
    if (!ring_take(&ring, &tag, &result) || result)
      die("a flush of %s failed: %s", disk.path, strerror(-result));
  }
}

static void print_document(const char *device) {
  printf("{\"schema\":\"platter.bench/1\",");
  print_environment();
  printf(",\"parameters\":{\"rw\":\"%s\",\"min_request_bytes\":%llu,\"max_request_bytes\":%llu,"
         "\"iodepth\":%llu,\"warmup_seconds\":%.3f,\"runtime_seconds\":%.3f,\"flush_every\":0,"
         "\"seed\":%llu,\"queues\":null,\"iothreads\":null},\"rows\":[{\"device\":",
         options.rw, (unsigned long long)options.bytes, (unsigned long long)options.bytes,
         (unsigned long long)options.depth, options.warmup_ms / 1e3, options.runtime_ms / 1e3,
         (unsigned long long)options.seed);
  print_text(device);
  printf(",\"loop\":\"own\",\"runs\":%u,\"partial\":false,", figures.runs);
  print_spread("iops", figures.per_second, figures.runs, 1);
  printf(",\"iops_ratio_to_raw\":null,");
  print_latency(&figures);
  putchar(',');
  print_spread("p50_us", figures.p50_micros, figures.runs, 2);
  printf(",\"p50_minus_raw_us\":null");
  print_costs(&figures);
  printf("}]}\n");
}

int run_bench(void) {
  options.rw = arg_text("rw", "randread");
  options.write = !strcmp(options.rw, "write") || !strcmp(options.rw, "randwrite");
  options.random = !strncmp(options.rw, "rand", 4);
  if (!options.write && strcmp(options.rw, "read") && strcmp(options.rw, "randread"))
    die("rw must be read, write, randread or randwrite, not %s", options.rw);
  options.bytes = arg_number("bs", 4096);
  options.depth = arg_number("iodepth", 1);
  options.warmup_ms = arg_number("warmup_ms", 500);
  options.runtime_ms = arg_number("runtime_ms", 3000);
  options.count = arg_number("count", 0);
  options.seed = arg_number("seed", 1);
  uint64_t runs = arg_number("runs", 1);
  const char *device = arg_text("device", "raw");
  disk = disk_open(options.write);
  args_end();
  if (!options.bytes || options.bytes % 512 || options.bytes > 32 << 20)
    die("bs must be a multiple of 512, up to 32M");
  if (!options.depth || options.depth > MAX_DEPTH || !runs || runs > MAX_RUNS)
    die("iodepth must be 1 to %d, runs 1 to %d", MAX_DEPTH, MAX_RUNS);
  if (disk.size_bytes < options.bytes)
    die("%s is smaller than a request", disk.path);
  buffers = aligned_buffer(options.depth * options.bytes);
  pattern_fill(buffers, options.depth * options.bytes, options.seed, 0);
  ring_open(&ring, options.depth);
  random_state = options.seed;
  for (uint64_t i = 0; i < runs; i++)
    run_once();
  print_document(device);
  ring_close(&ring);
  return 0;
}
