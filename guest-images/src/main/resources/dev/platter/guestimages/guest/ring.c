/* io_uring through raw system calls: io_uring_setup(2), io_uring_enter(2). */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <linux/time_types.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture; headers before Linux 5.1 and 5.11 lack them. */
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#endif
#ifndef IORING_FEAT_EXT_ARG
#define IORING_FEAT_EXT_ARG (1U << 8)
#define IORING_ENTER_EXT_ARG (1U << 3)
struct io_uring_getevents_arg {
  __u64 sigmask;
  __u32 sigmask_sz;
  __u32 pad;
  __u64 ts;
};
#endif

static void *map(int fd, size_t bytes, off_t offset) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
  if (at == MAP_FAILED)
    die("cannot map the io_uring: %s", strerror(errno));
  return at;
}

void ring_open(struct ring *ring, unsigned entries) {
  struct io_uring_params params = {0};
  memset(ring, 0, sizeof *ring);
  ring->fd = syscall(__NR_io_uring_setup, entries, &params);
  if (ring->fd < 0)
    die("there is no io_uring here: io_uring_setup says %s", strerror(errno));
  if (!(params.features & IORING_FEAT_EXT_ARG) || !(params.features & IORING_FEAT_SINGLE_MMAP))
    die("this kernel's io_uring is too old: Linux 5.11 is needed");
  size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  char *rings = map(ring->fd, sq_bytes > cq_bytes ? sq_bytes : cq_bytes, IORING_OFF_SQ_RING);
  ring->sqes = map(ring->fd, params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  ring->sq_head = (unsigned *)(rings + params.sq_off.head);
  ring->sq_tail = (unsigned *)(rings + params.sq_off.tail);
  ring->sq_mask = (unsigned *)(rings + params.sq_off.ring_mask);
  ring->sq_array = (unsigned *)(rings + params.sq_off.array);
  ring->cq_head = (unsigned *)(rings + params.cq_off.head);
  ring->cq_tail = (unsigned *)(rings + params.cq_off.tail);
  ring->cq_mask = (unsigned *)(rings + params.cq_off.ring_mask);
  ring->cqes = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
}

void ring_close(struct ring *ring) {
  /* The mappings go with the process. */
  close(ring->fd);
}

static struct io_uring_sqe *next_sqe(struct ring *ring) {
  unsigned tail = *ring->sq_tail;
  if (tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) > *ring->sq_mask)
    die("the submission queue is full");
  unsigned index = tail & *ring->sq_mask;
  ring->sq_array[index] = index;
  struct io_uring_sqe *sqe = &ring->sqes[index];
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

static void publish(struct ring *ring) {
  __atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_RELEASE);
  ring->queued++;
}

void ring_transfer(struct ring *ring, bool write, int fd, void *buffer, unsigned bytes,
                   uint64_t offset, uint64_t tag) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  sqe->opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
  sqe->fd = fd;
  sqe->addr = (uintptr_t)buffer;
  sqe->len = bytes;
  sqe->off = offset;
  sqe->user_data = tag;
  publish(ring);
}

void ring_flush(struct ring *ring, int fd, uint64_t tag) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  sqe->opcode = IORING_OP_FSYNC;
  sqe->fd = fd;
  sqe->fsync_flags = IORING_FSYNC_DATASYNC;
  sqe->user_data = tag;
  publish(ring);
}

static int enter(struct ring *ring, unsigned wait, unsigned flags, void *arg, size_t arg_bytes) {
  ring->enters++;
  int submitted =
      syscall(__NR_io_uring_enter, ring->fd, ring->queued, wait, flags, arg, arg_bytes);
  if (submitted > 0)
    ring->queued -= submitted;
  return submitted < 0 ? -errno : submitted;
}

void ring_submit(struct ring *ring) {
  while (ring->queued) {
    int result = enter(ring, 0, 0, NULL, _NSIG / 8);
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY)
      die("io_uring_enter cannot submit: %s", strerror(-result));
  }
}

static bool has_completion(struct ring *ring) {
  return *ring->cq_head != __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
}

bool ring_wait(struct ring *ring, uint64_t deadline) {
  while (ring->queued || !has_completion(ring)) {
    uint64_t now = now_nanos();
    bool late = now >= deadline;
    uint64_t left = late ? 0 : deadline - now;
    struct __kernel_timespec limit = {left / 1000000000, left % 1000000000};
    struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&limit};
    int result =
        enter(ring, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg);
    if (result < 0 && result != -EINTR && result != -ETIME && result != -EAGAIN &&
        result != -EBUSY)
      die("io_uring_enter cannot wait: %s", strerror(-result));
    if (late && !ring->queued)
      break;
  }
  return has_completion(ring);
}

bool ring_take(struct ring *ring, uint64_t *tag, int *result) {
  if (!has_completion(ring))
    return false;
  struct io_uring_cqe *cqe = &ring->cqes[*ring->cq_head & *ring->cq_mask];
  *tag = cqe->user_data;
  *result = cqe->res;
  __atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
  return true;
}
