/* The guest's I/O program: what its parts share. Errors end the program through die(). */
#ifndef PLATTER_GUEST_H
#define PLATTER_GUEST_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* main.c: parameters, KEY=VALUE each, and the disk */

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A number, with suffix K, M or G for powers of 1024. */
uint64_t arg_number(const char *key, uint64_t otherwise);
const char *arg_text(const char *key, const char *otherwise);
/* To be called when all parameters have been asked for: others are mistakes. */
void args_end(void);

struct disk {
  int fd;
  uint64_t size_bytes;
  const char *path;
};
/* Opens the parameter "disk" with O_DIRECT, unless direct=0 was given. */
struct disk disk_open(bool write);

uint64_t now_nanos(void);
void sleep_until(uint64_t deadline_nanos);
void *aligned_buffer(size_t bytes);
/* Whether the file of the parameter "until" is there; NULL for a workload that ends by itself. */
bool told_to_stop(const char *until);

/* ring.c: an io_uring without liburing, used by one thread */

struct ring {
  int fd;
  unsigned *sq_head, *sq_tail, *sq_mask, *sq_array;
  unsigned *cq_head, *cq_tail, *cq_mask;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
  unsigned queued; /* not yet submitted */
  unsigned long enters;
};
void ring_open(struct ring *ring, unsigned entries);
void ring_close(struct ring *ring);
/* Queues a request; there must be room for it. */
void ring_transfer(struct ring *ring, bool write, int fd, void *buffer, unsigned bytes,
                   uint64_t offset, uint64_t tag);
void ring_flush(struct ring *ring, int fd, uint64_t tag);
void ring_submit(struct ring *ring);
/* Submits what is queued and waits for a completion; false if none came until the deadline. */
bool ring_wait(struct ring *ring, uint64_t deadline_nanos);
/* The next completion, or false. */
bool ring_take(struct ring *ring, uint64_t *tag, int *result);

/* report.c: figures of several runs, and JSON documents like those of `platter iotest --json` */

enum { MAX_RUNS = 100 };
struct figures {
  unsigned runs;
  double seconds[MAX_RUNS];
  double user_seconds[MAX_RUNS], sys_seconds[MAX_RUNS];
  double per_second[MAX_RUNS]; /* requests */
  double bytes_per_second[MAX_RUNS];
  double requests_per_enter[MAX_RUNS];
  double p50_micros[MAX_RUNS];
  uint64_t requests[MAX_RUNS], enters[MAX_RUNS];
  uint64_t *latencies; /* nanoseconds, of all runs */
  size_t latency_count, latency_room;
};
void figures_latency(struct figures *figures, uint64_t nanos);
void figures_begin(struct figures *figures, const struct ring *ring);
void figures_end(struct figures *figures, const struct ring *ring, uint64_t elapsed_nanos,
                 uint64_t requests, uint64_t bytes);
/* `"key":{"median":..,"min":..,"max":..}` */
void print_spread(const char *key, const double *values, unsigned count, int decimals);
void print_text(const char *text);
void print_environment(void);
/* Of a row, everything that both kinds of documents have, from "latency_us" on. */
void print_latency(struct figures *figures);
void print_costs(struct figures *figures);

/* contents.c */

/* The pattern of seed at byte offset (a multiple of 8) of a disk; words of 8 bytes. */
void pattern_fill(void *buffer, size_t bytes, uint64_t seed, uint64_t offset);
uint64_t mix64(uint64_t word);

/* The workloads; each returns the exit status. */
int run_iotest(void);
int run_bench(void);
int run_verify(void);
int run_guard(void);
int run_hash(void);
int run_write_pattern(void);

#endif
