/*
 * Sequential reads in batches, with a pause before each batch is submitted and after each completion
 * is processed: the workload of `platter iotest`, with the same parameters.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BATCH = 1024 };
static const uint64_t GIVE_UP_NANOS = 30000000000ull;

static struct {
  uint64_t total, chunk, batch, batch_delay_us, completion_delay_us;
} options;
static struct disk disk;
static struct ring ring;
static struct figures figures;
static char *buffers;
static uint64_t submitted_nanos[MAX_BATCH];
static unsigned finished, outstanding;

static void reap(void) {
  uint64_t tag;
  int result;
  while (ring_take(&ring, &tag, &result)) {
    figures_latency(&figures, now_nanos() - submitted_nanos[tag]);
    if (result != (int)options.chunk)
      die("a read of %llu bytes from %s gave %s", (unsigned long long)options.chunk, disk.path,
          result < 0 ? strerror(-result) : "fewer");
    finished++;
    outstanding--;
  }
}

/* A completion that arrives meanwhile is stamped at once, and processed later. */
static void pause_micros(uint64_t micros) {
  uint64_t end = now_nanos() + micros * 1000;
  while (outstanding && now_nanos() < end) {
    ring_wait(&ring, end);
    reap();
  }
  if (now_nanos() < end)
    sleep_until(end);
}

static void run_batch(uint64_t first, unsigned count) {
  pause_micros(options.batch_delay_us);
  for (unsigned tag = 0; tag < count; tag++) {
    /* A disk smaller than the total is read again from its start. */
    uint64_t chunk = (first + tag) % (disk.size_bytes / options.chunk);
    submitted_nanos[tag] = now_nanos();
    ring_transfer(&ring, false, disk.fd, buffers + tag * options.chunk, options.chunk,
                  chunk * options.chunk, tag);
    outstanding++;
  }
  ring_submit(&ring);
  for (unsigned processed = 0; processed < count; processed++) {
    while (!finished) {
      if (!ring_wait(&ring, now_nanos() + GIVE_UP_NANOS))
        die("%u requests outstanding and none completed in 30 s", outstanding);
      reap();
    }
    finished--;
    pause_micros(options.completion_delay_us);
  }
}

static void run_once(void) {
  uint64_t chunks = options.total / options.chunk;
  figures_begin(&figures, &ring);
  uint64_t start = now_nanos();
  for (uint64_t next = 0; next < chunks; next += options.batch) {
    uint64_t left = chunks - next;
    run_batch(next, left < options.batch ? left : options.batch);
  }
  figures_end(&figures, &ring, now_nanos() - start, chunks, chunks * options.chunk);
}

static void print_document(const char *device) {
  printf("{\"schema\":\"platter.iotest/1\",");
  print_environment();
  printf(",\"parameters\":{\"total_bytes\":%llu,\"chunk_bytes\":%llu,\"batch\":%llu,"
         "\"batch_delay_us\":%llu,\"completion_delay_us\":%llu},\"rows\":[{\"device\":",
         (unsigned long long)options.total, (unsigned long long)options.chunk,
         (unsigned long long)options.batch, (unsigned long long)options.batch_delay_us,
         (unsigned long long)options.completion_delay_us);
  print_text(device);
  printf(",\"loop\":\"own\",\"notify\":null,\"runs\":%u,\"partial\":false,", figures.runs);
  print_spread("total_seconds", figures.seconds, figures.runs, 4);
  printf(",\"ratio_to_virtio\":null,");
  print_latency(&figures);
  print_costs(&figures);
  printf("}]}\n");
}

int run_iotest(void) {
  options.total = arg_number("total", 128 << 20);
  options.chunk = arg_number("chunk", 128 << 10);
  options.batch = arg_number("batch", 16);
  options.batch_delay_us = arg_number("batch_delay_us", 1000);
  options.completion_delay_us = arg_number("completion_delay_us", 1000);
  uint64_t runs = arg_number("runs", 1);
  const char *device = arg_text("device", "raw");
  disk = disk_open(false);
  args_end();
  if (!options.chunk || options.chunk % 512 || options.chunk > 32 << 20)
    die("chunk must be a multiple of 512, up to 32M");
  if (!options.total || options.total % options.chunk)
    die("total must be a multiple of chunk");
  if (!options.batch || options.batch > MAX_BATCH || !runs || runs > MAX_RUNS)
    die("batch must be 1 to %d, runs 1 to %d", MAX_BATCH, MAX_RUNS);
  if (disk.size_bytes < options.chunk)
    die("%s is smaller than a chunk", disk.path);
  buffers = aligned_buffer(options.batch * options.chunk);
  ring_open(&ring, options.batch);
  for (uint64_t i = 0; i < runs; i++)
    run_once();
  print_document(device);
  ring_close(&ring);
  return 0;
}
