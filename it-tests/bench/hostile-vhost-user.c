// A vhost-user front-end that does all that a disk's protocol allows, to the harm of others. Prints
// one line of JSON.
//
//   hostile-vhost-user SOCKET calls SECONDS [QUEUES]       reads; a new full call eventfd each time
//   hostile-vhost-user SOCKET discards SECONDS [QUEUES]    full queues of the longest legal discards
//   hostile-vhost-user SOCKET misaligned SECONDS [QUEUES]  full queues of 1 MiB reads to odd addresses
//
// vhost-user specification, "Front-end message types"; virtio 1.3: 2.7 (split rings), 5.2.6 (requests).
#define _GNU_SOURCE
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, SET_MEM_TABLE = 5, SET_VRING_NUM = 8,
       SET_VRING_ADDR = 9, SET_VRING_BASE = 10, SET_VRING_KICK = 12, SET_VRING_CALL = 13,
       GET_PROTOCOL_FEATURES = 15, SET_PROTOCOL_FEATURES = 16, SET_VRING_ENABLE = 18,
       GET_CONFIG = 24 };
enum { VERSION = 1, NEED_REPLY = 8, CONFIG_BYTES = 60, RING = 256, MAX_QUEUES = 64, MAX_SEGMENTS = 256 };
enum { CHAINS = RING / 3, QUEUE_BYTES = 64 << 10, MIB = 1 << 20 };
static const uint64_t MQ = 1, REPLY_ACK = 1 << 3, CONFIG = 1 << 9;
static const uint64_t FEATURES = 1ull << 32 | 1ull << 30 | 1 << VIRTIO_BLK_F_MQ |
                                 1 << VIRTIO_BLK_F_DISCARD | 1 << VIRTIO_BLK_F_FLUSH;

struct queue {
    struct vring_desc *descriptors;
    struct vring_avail *available;
    struct vring_used *used;
    unsigned char *requests; // header of 16 bytes and status of 16 for each chain
    uint16_t next, taken;
    int kick, call;
};

static int server, memory_fd;
static unsigned char *memory;
static size_t memory_bytes, discard_at, data_at;
static struct queue queues[MAX_QUEUES];
static struct virtio_blk_config config;
static uint64_t completed, failed_requests;

static void fail(const char *what)
{
    fprintf(stderr, "hostile-vhost-user: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

static void transmit(uint32_t request, uint32_t flags, const void *payload, uint32_t bytes, int fd)
{
    struct {
        uint32_t request, flags, size;
    } header = {request, VERSION | flags, bytes};
    struct iovec parts[] = {{&header, sizeof header}, {(void *) payload, bytes}};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        control.head = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    }
    if (sendmsg(server, &message, MSG_NOSIGNAL) != (ssize_t) (sizeof header + bytes))
        fail("the server is gone");
}

static void receive(void *payload, size_t most)
{
    struct {
        uint32_t request, flags, size;
    } header;
    if (recv(server, &header, sizeof header, MSG_WAITALL) != sizeof header || header.size > most ||
        recv(server, payload, header.size, MSG_WAITALL) != (ssize_t) header.size)
        fail("the server does not answer");
}

static void must(uint32_t request, const void *payload, uint32_t bytes, int fd)
{
    uint64_t status = 0;
    transmit(request, NEED_REPLY, payload, bytes, fd);
    receive(&status, sizeof status);
    if (status != 0) {
        errno = EPROTO;
        fail("a message is refused");
    }
}

static uint64_t number(uint32_t request)
{
    uint64_t value = 0;
    transmit(request, 0, NULL, 0, -1);
    receive(&value, sizeof value);
    return value;
}

static void connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *) &address, sizeof address) < 0)
        fail(path);
    uint64_t features = number(GET_FEATURES) & FEATURES;
    uint64_t protocol = number(GET_PROTOCOL_FEATURES) & (MQ | REPLY_ACK | CONFIG);
    transmit(SET_PROTOCOL_FEATURES, 0, &protocol, sizeof protocol, -1);
    transmit(SET_OWNER, 0, NULL, 0, -1);
    must(SET_FEATURES, &features, sizeof features, -1);
    struct {
        uint32_t offset, size, flags;
        unsigned char bytes[CONFIG_BYTES];
    } body = {0, CONFIG_BYTES, 0, {0}};
    transmit(GET_CONFIG, 0, &body, sizeof body, -1);
    receive(&body, sizeof body);
    memcpy(&config, body.bytes, CONFIG_BYTES < sizeof config ? CONFIG_BYTES : sizeof config);
}

// Guest memory: the queues, the segments of a discard, and 1 MiB (and a page) to read to.
static void share_memory(unsigned count)
{
    discard_at = (size_t) count * QUEUE_BYTES;
    data_at = discard_at + QUEUE_BYTES;
    memory_bytes = data_at + 2 * MIB;
    memory_fd = memfd_create("guest", MFD_CLOEXEC);
    if (memory_fd < 0 || ftruncate(memory_fd, (off_t) memory_bytes) < 0)
        fail("no memory");
    memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    if (memory == MAP_FAILED)
        fail("no memory");
    struct {
        uint32_t regions, padding;
        uint64_t guest, size, user, offset;
    } table = {1, 0, 0, memory_bytes, (uintptr_t) memory, 0};
    must(SET_MEM_TABLE, &table, sizeof table, memory_fd);
}

static void start_queue(uint32_t index)
{
    struct queue *queue = &queues[index];
    unsigned char *at = memory + (size_t) index * QUEUE_BYTES;
    queue->descriptors = (void *) at;
    queue->available = (void *) (at + 0x2000);
    queue->used = (void *) (at + 0x3000);
    queue->requests = at + 0x4000;
    queue->kick = eventfd(0, EFD_CLOEXEC);
    queue->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct {
        uint32_t index, value;
    } state = {index, RING};
    must(SET_VRING_NUM, &state, sizeof state, -1);
    state.value = 0;
    must(SET_VRING_BASE, &state, sizeof state, -1);
    struct {
        uint32_t index, flags;
        uint64_t descriptors, used, available, log;
    } rings = {index, 0, (uintptr_t) queue->descriptors, (uintptr_t) queue->used,
               (uintptr_t) queue->available, 0};
    must(SET_VRING_ADDR, &rings, sizeof rings, -1);
    uint64_t number = index;
    must(SET_VRING_CALL, &number, sizeof number, queue->call);
    must(SET_VRING_KICK, &number, sizeof number, queue->kick);
    state.value = 1;
    must(SET_VRING_ENABLE, &state, sizeof state, -1);
}

// Offers a chain: header, data, status.
static void offer(struct queue *queue, unsigned chain, uint32_t type, size_t data, uint32_t bytes)
{
    unsigned char *request = queue->requests + 32 * chain;
    struct virtio_blk_outhdr header = {.type = type};
    memcpy(request, &header, sizeof header);
    request[16] = 0xff;
    uint16_t first = (uint16_t) (3 * chain);
    uint16_t writes = type == VIRTIO_BLK_T_IN ? VRING_DESC_F_WRITE : 0;
    queue->descriptors[first] = (struct vring_desc){
        (uint64_t) (request - memory), 16, VRING_DESC_F_NEXT, first + 1};
    queue->descriptors[first + 1] =
        (struct vring_desc){data, bytes, VRING_DESC_F_NEXT | writes, first + 2};
    queue->descriptors[first + 2] = (struct vring_desc){
        (uint64_t) (request + 16 - memory), 1, VRING_DESC_F_WRITE, 0};
    queue->available->ring[queue->next++ % RING] = first;
    __atomic_store_n(&queue->available->idx, queue->next, __ATOMIC_RELEASE);
}

static void kick(struct queue *queue)
{
    uint64_t one = 1;
    if (write(queue->kick, &one, sizeof one) < 0)
        fail("the doorbell");
}

// Takes what is done and offers it again; whether there was anything.
static int refill(struct queue *queue, uint32_t type, size_t data, uint32_t bytes)
{
    uint16_t until = __atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE);
    if (queue->taken == until)
        return 0;
    while (queue->taken != until) {
        unsigned chain = queue->used->ring[queue->taken++ % RING].id / 3;
        completed++;
        failed_requests += queue->requests[32 * chain + 16] != 0;
        offer(queue, chain, type, data, bytes);
    }
    kick(queue);
    return 1;
}

// The longest discard that the device allows: every segment as long as it may be, over and over.
static uint32_t longest_discard(void)
{
    uint32_t segments = config.max_discard_seg < MAX_SEGMENTS ? config.max_discard_seg : MAX_SEGMENTS;
    uint64_t sectors = config.max_discard_sectors;
    if (sectors > config.capacity)
        sectors = config.capacity;
    struct virtio_blk_discard_write_zeroes *list = (void *) (memory + discard_at);
    for (uint32_t i = 0; i < segments; i++)
        list[i] = (struct virtio_blk_discard_write_zeroes){0, (uint32_t) sectors, 0};
    return segments * sizeof *list;
}

// A counter that is full: who signals it blocks, or gets EAGAIN if it is not to.
static void new_full_call(uint32_t index)
{
    int call = eventfd(0, EFD_CLOEXEC);
    uint64_t full = UINT64_MAX - 1, number = index;
    if (call < 0 || write(call, &full, sizeof full) < 0)
        fail("an eventfd");
    must(SET_VRING_CALL, &number, sizeof number, call);
    close(call);
}

int main(int argc, char **argv)
{
    unsigned count = argc == 5 ? (unsigned) strtoul(argv[4], NULL, 10) : 1;
    if (argc < 4 || argc > 5 || count < 1 || count > MAX_QUEUES) {
        fprintf(stderr, "usage: hostile-vhost-user SOCKET calls|discards|misaligned SECONDS [QUEUES]\n");
        return 2;
    }
    const char *mode = argv[2];
    int calls = strcmp(mode, "calls") == 0, discards = strcmp(mode, "discards") == 0;
    connect_to(argv[1]);
    if (count > config.num_queues)
        count = config.num_queues;
    share_memory(count);
    uint32_t type = discards ? VIRTIO_BLK_T_DISCARD : VIRTIO_BLK_T_IN;
    size_t data = discards ? discard_at : data_at + (calls ? 0 : 1);
    uint32_t bytes = discards ? longest_discard() : calls ? 4096 : MIB;
    uint64_t begin = now(), until = begin + strtoull(argv[3], NULL, 10) * 1000000000u;
    for (uint32_t i = 0; i < count; i++) {
        start_queue(i);
        for (unsigned chain = 0; chain < CHAINS; chain++)
            offer(&queues[i], chain, type, data, bytes);
        kick(&queues[i]);
    }
    while (now() < until) {
        int any = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (calls)
                new_full_call(i);
            any |= refill(&queues[i], type, data, bytes);
        }
        if (!any)
            usleep(200);
    }
    printf("{\"mode\":\"%s\",\"queues\":%u,\"completed\":%llu,\"failed\":%llu,\"seconds\":%.3f}\n", mode,
           count, (unsigned long long) completed, (unsigned long long) failed_requests,
           (double) (now() - begin) / 1e9);
    return 0;
}
