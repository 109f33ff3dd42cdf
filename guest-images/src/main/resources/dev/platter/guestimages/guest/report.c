/* Figures of several runs, printed as JSON; docs/json.md describes the documents. */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct rusage usage_at_begin;
static unsigned long enters_at_begin;
static size_t latencies_at_begin;

void figures_latency(struct figures *figures, uint64_t nanos) {
  if (figures->latency_count == figures->latency_room) {
    figures->latency_room = figures->latency_room ? 2 * figures->latency_room : 1 << 16;
    figures->latencies =
        realloc(figures->latencies, figures->latency_room * sizeof *figures->latencies);
    if (!figures->latencies)
      die("no memory for %zu latencies", figures->latency_room);
  }
  figures->latencies[figures->latency_count++] = nanos;
}

static int by_nanos(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The smallest value that at least so many per mille are not above; values are sorted. */
static double percentile(const uint64_t *values, size_t count, unsigned per_mille) {
  if (!count)
    return 0;
  size_t rank = (count * per_mille + 999) / 1000;
  return values[rank ? rank - 1 : 0] / 1e3;
}

static double seconds(struct timeval time) {
  return time.tv_sec + time.tv_usec / 1e6;
}

void figures_begin(struct figures *figures, const struct ring *ring) {
  getrusage(RUSAGE_SELF, &usage_at_begin);
  enters_at_begin = ring->enters;
  latencies_at_begin = figures->latency_count;
}

void figures_end(struct figures *figures, const struct ring *ring, uint64_t elapsed_nanos,
                 uint64_t requests, uint64_t bytes) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  unsigned run = figures->runs++;
  double elapsed = (elapsed_nanos ? elapsed_nanos : 1) / 1e9;
  figures->seconds[run] = elapsed;
  figures->user_seconds[run] = seconds(usage.ru_utime) - seconds(usage_at_begin.ru_utime);
  figures->sys_seconds[run] = seconds(usage.ru_stime) - seconds(usage_at_begin.ru_stime);
  figures->per_second[run] = requests / elapsed;
  figures->bytes_per_second[run] = bytes / elapsed;
  figures->requests[run] = requests;
  figures->enters[run] = ring->enters - enters_at_begin;
  figures->requests_per_enter[run] =
      (double)requests / (figures->enters[run] ? figures->enters[run] : 1);
  uint64_t *mine = figures->latencies + latencies_at_begin;
  size_t count = figures->latency_count - latencies_at_begin;
  if (count)
    qsort(mine, count, sizeof *mine, by_nanos);
  figures->p50_micros[run] = percentile(mine, count, 500);
}

static void sorted(const double *values, unsigned count, double *copy) {
  memcpy(copy, values, count * sizeof *copy);
  qsort(copy, count, sizeof *copy, by_value);
}

static double median(const double *values, unsigned count) {
  double copy[MAX_RUNS];
  sorted(values, count, copy);
  return (copy[count / 2] + copy[(count - 1) / 2]) / 2;
}

void print_spread(const char *key, const double *values, unsigned count, int decimals) {
  double copy[MAX_RUNS];
  sorted(values, count, copy);
  printf("\"%s\":{\"median\":%.*f,\"min\":%.*f,\"max\":%.*f}", key, decimals,
         median(values, count), decimals, copy[0], decimals, copy[count - 1]);
}

void print_latency(struct figures *figures) {
  uint64_t *all = figures->latencies;
  size_t count = figures->latency_count;
  double sum = 0;
  if (count)
    qsort(all, count, sizeof *all, by_nanos);
  for (size_t i = 0; i < count; i++)
    sum += all[i];
  printf("\"latency_us\":{\"p50\":%.2f,\"p99\":%.2f,\"p99_9\":%.2f,\"max\":%.2f,\"mean\":%.2f}",
         percentile(all, count, 500), percentile(all, count, 990), percentile(all, count, 999),
         percentile(all, count, 1000), count ? sum / count / 1e3 : 0);
}

void print_costs(struct figures *figures) {
  unsigned runs = figures->runs;
  double requests[MAX_RUNS], enters[MAX_RUNS];
  for (unsigned i = 0; i < runs; i++) {
    requests[i] = figures->requests[i];
    enters[i] = figures->enters[i];
  }
  printf(",\"bytes_per_second\":%.0f,\"cpu_seconds\":{\"user\":%.4f,\"sys\":%.4f},"
         "\"requests_per_enter\":%.3f,\"notifies\":null,"
         "\"loop_counters\":{\"turns\":null,\"enters\":%.0f,\"requests\":%.0f,\"poll_hits\":null,"
         "\"poll_misses\":null,\"sq_full\":null,\"no_iowait_waits\":null},"
         "\"big_lock\":null,\"mmio_exits\":null,\"ioeventfds\":null",
         median(figures->bytes_per_second, runs), median(figures->user_seconds, runs),
         median(figures->sys_seconds, runs), median(figures->requests_per_enter, runs),
         median(enters, runs), median(requests, runs));
}

void print_text(const char *text) {
  putchar('"');
  for (; *text; text++) {
    unsigned char c = *text;
    if (c == '"' || c == '\\')
      printf("\\%c", c);
    else if (c < 0x20 || c > 0x7e)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

static void print_cpu_model(void) {
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "re");
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strstr(line, ": ");
    if (!strncmp(line, "model name", 10) && colon) {
      colon[strcspn(colon, "\n")] = '\0';
      print_text(colon + 2);
      fclose(file);
      return;
    }
  }
  if (file)
    fclose(file);
  printf("null");
}

void print_environment(void) {
  struct utsname names;
  uname(&names);
  printf("\"environment\":{\"platter_version\":null,\"kernel_release\":");
  print_text(names.release);
  printf(",\"architecture\":");
  print_text(strcmp(names.machine, "x86_64") ? names.machine : "amd64");
  printf(",\"cpu_model\":");
  print_cpu_model();
  printf(",\"cpu_count\":%ld,\"cpu_governor\":null,\"mitigations\":null,\"memory_bytes\":%llu,"
         "\"jvm\":null,\"image\":null,\"loops\":[]}",
         sysconf(_SC_NPROCESSORS_ONLN),
         (unsigned long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
}
