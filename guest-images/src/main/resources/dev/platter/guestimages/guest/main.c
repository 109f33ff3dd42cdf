/* Parameters, the disk, time; and which workload is wanted. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
  const char *key, *value;
  bool used;
} args[32];
static int arg_count;

void die(const char *format, ...) {
  fflush(stdout);
  va_list more;
  va_start(more, format);
  fputs("iotest: ", stderr);
  vfprintf(stderr, format, more);
  fputc('\n', stderr);
  va_end(more);
  exit(1);
}

static void args_parse(int count, char **words) {
  for (int i = 0; i < count; i++) {
    char *equals = strchr(words[i], '=');
    if (!equals || arg_count == sizeof args / sizeof *args)
      die("not a parameter KEY=VALUE: %s", words[i]);
    *equals = '\0';
    args[arg_count].key = words[i];
    args[arg_count++].value = equals + 1;
  }
}

const char *arg_text(const char *key, const char *otherwise) {
  const char *value = otherwise;
  for (int i = 0; i < arg_count; i++) {
    if (!strcmp(args[i].key, key)) {
      args[i].used = true;
      value = args[i].value;
    }
  }
  return value;
}

uint64_t arg_number(const char *key, uint64_t otherwise) {
  const char *text = arg_text(key, NULL);
  if (!text)
    return otherwise;
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  unsigned shift = 0;
  switch (*end) {
    case 'K': case 'k': shift = 10; end++; break;
    case 'M': case 'm': shift = 20; end++; break;
    case 'G': case 'g': shift = 30; end++; break;
  }
  if (end == text || *end || errno || *text == '-' || value > UINT64_MAX >> shift)
    die("%s=%s is no number", key, text);
  return value << shift;
}

void args_end(void) {
  for (int i = 0; i < arg_count; i++)
    if (!args[i].used)
      die("unknown parameter %s", args[i].key);
}

struct disk disk_open(bool write) {
  struct disk disk = {.path = arg_text("disk", NULL)};
  if (!disk.path)
    die("which disk? Give disk=PATH");
  int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  if (arg_number("direct", 1))
    flags |= O_DIRECT;
  if (write && arg_number("create", 0))
    flags |= O_CREAT;
  disk.fd = open(disk.path, flags, 0644);
  struct stat facts;
  if (disk.fd < 0 || fstat(disk.fd, &facts))
    die("cannot open %s: %s", disk.path, strerror(errno));
  disk.size_bytes = facts.st_size;
  if (S_ISBLK(facts.st_mode) && ioctl(disk.fd, BLKGETSIZE64, &disk.size_bytes))
    die("cannot tell the size of %s: %s", disk.path, strerror(errno));
  return disk;
}

uint64_t now_nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void sleep_until(uint64_t deadline) {
  struct timespec until = {deadline / 1000000000, deadline % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    continue;
}

void *aligned_buffer(size_t bytes) {
  void *buffer;
  if (posix_memalign(&buffer, 4096, bytes ? bytes : 4096))
    die("no memory for %zu bytes", bytes);
  memset(buffer, 0, bytes);
  return buffer;
}

bool told_to_stop(const char *until) {
  return until && !access(until, F_OK);
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    int (*run)(void);
  } workloads[] = {
      {"iotest", run_iotest}, {"bench", run_bench},       {"verify-writes", run_verify},
      {"hash", run_hash},     {"write-pattern", run_write_pattern},
      {"guard-memory", run_guard},
  };
  /* The default slack of 50 us would lengthen every pause. */
  prctl(PR_SET_TIMERSLACK, 1);
  setvbuf(stdout, NULL, _IOLBF, 1 << 16);
  if (count < 2)
    die("which workload? iotest, bench, verify-writes, guard-memory, hash or write-pattern");
  args_parse(count - 2, words + 2);
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
    if (!strcmp(words[1], workloads[i].name))
      return workloads[i].run();
  die("unknown workload %s", words[1]);
}
