// A closed-loop client of a vhost-user-blk socket through libblkio, the library that QEMU's and fio's
// clients use. Prints one line of JSON. Latencies are exact: each is kept, and sorted at the end.
//
//   blkio-client SOCKET read|write|randread|randwrite BLOCK_BYTES DEPTH WARMUP_MS MEASURE_MS
#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_DEPTH 128
#define MAX_LATENCIES (8u << 20)

static struct blkio *device;
static struct blkioq *queue;
static char *buffers;
static size_t block;
static uint64_t blocks;
static uint64_t next_block;
static uint64_t state = 0x9e3779b97f4a7c15u;
static int is_write, is_random;
static uint64_t started[MAX_DEPTH];

static void fail(const char *what, int error)
{
    fprintf(stderr, "blkio-client: %s: %s (%s)\n", what, strerror(-error), blkio_get_error_msg());
    exit(1);
}

static void check(const char *what, int result)
{
    if (result < 0)
        fail(what, result);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

// xorshift64: the same offsets in every run.
static uint64_t pick(void)
{
    if (!is_random)
        return next_block++ % blocks;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % blocks;
}

static void submit(size_t slot)
{
    char *buffer = buffers + slot * block;
    uint64_t offset = pick() * block;
    started[slot] = now();
    if (is_write)
        blkioq_write(queue, offset, buffer, block, (void *) slot, 0);
    else
        blkioq_read(queue, offset, buffer, block, (void *) slot, 0);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return x < y ? -1 : x > y;
}

static double percentile_us(const uint32_t *sorted, uint64_t count, double percent)
{
    uint64_t rank = (uint64_t) (percent / 100 * (double) count);
    return count == 0 ? 0 : sorted[rank < count ? rank : count - 1] / 1000.0;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: blkio-client SOCKET read|write|randread|randwrite BLOCK_BYTES"
                        " DEPTH WARMUP_MS MEASURE_MS\n");
        return 2;
    }
    const char *rw = argv[2];
    is_random = strncmp(rw, "rand", 4) == 0;
    is_write = strcmp(rw + (is_random ? 4 : 0), "write") == 0;
    block = strtoul(argv[3], NULL, 10);
    size_t depth = strtoul(argv[4], NULL, 10);
    uint64_t warmup = strtoull(argv[5], NULL, 10) * 1000000u;
    uint64_t measure = strtoull(argv[6], NULL, 10) * 1000000u;
    if (block == 0 || depth == 0 || depth > MAX_DEPTH) {
        fprintf(stderr, "blkio-client: bad block size or depth\n");
        return 2;
    }

    check("create", blkio_create("virtio-blk-vhost-user", &device));
    check("path", blkio_set_str(device, "path", argv[1]));
    check("read-only", blkio_set_bool(device, "read-only", !is_write));
    check("connect", blkio_connect(device));
    check("start", blkio_start(device));
    uint64_t capacity;
    check("capacity", blkio_get_uint64(device, "capacity", &capacity));
    blocks = capacity / block;
    if (blocks == 0) {
        fprintf(stderr, "blkio-client: the disk is smaller than a block\n");
        return 2;
    }
    struct blkio_mem_region region;
    check("memory", blkio_alloc_mem_region(device, &region, depth * block));
    check("map", blkio_map_mem_region(device, &region));
    buffers = region.addr;
    memset(buffers, 0x5a, depth * block);
    queue = blkio_get_queue(device, 0);

    uint32_t *latencies = malloc(MAX_LATENCIES * sizeof *latencies);
    if (latencies == NULL)
        return 1;
    uint64_t total = 0, measured = 0;
    uint64_t begin = now(), from = begin + warmup, until = from + measure, end = begin;
    size_t flying = 0;
    for (size_t slot = 0; slot < depth; slot++, flying++)
        submit(slot);
    while (flying > 0) {
        struct blkio_completion done[MAX_DEPTH];
        int count = blkioq_do_io(queue, done, 1, (int) flying, NULL);
        check("do_io", count);
        uint64_t at = now();
        for (int i = 0; i < count; i++) {
            size_t slot = (size_t) done[i].user_data;
            if (done[i].ret < 0)
                fail("request", done[i].ret);
            total++;
            if (at >= from && at < until) {
                if (measured < MAX_LATENCIES)
                    latencies[measured] = (uint32_t) (at - started[slot]);
                measured++;
                end = at;
            }
            if (at < until)
                submit(slot);
            else
                flying--;
        }
    }
    uint64_t kept = measured < MAX_LATENCIES ? measured : MAX_LATENCIES;
    qsort(latencies, kept, sizeof *latencies, by_value);
    double seconds = (double) (end - from) / 1e9;
    printf("{\"ops\":%llu,\"seconds\":%.6f,\"iops\":%.1f,\"p50_us\":%.3f,\"p99_us\":%.3f,"
           "\"total_ops\":%llu}\n",
           (unsigned long long) measured, seconds,
           seconds > 0 ? (double) measured / seconds : 0,
           percentile_us(latencies, kept, 50), percentile_us(latencies, kept, 99),
           (unsigned long long) total);
    blkio_destroy(&device);
    return 0;
}
