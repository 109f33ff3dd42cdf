// A vfio-user client that drives one SATA disk through AHCI registers: as a good guest does, or as a
// hostile one. Prints one line of JSON.
//
//   vfio-user-client SOCKET read SECONDS   4 KiB reads, one at a time, with interrupts: a good guest
//   vfio-user-client SOCKET maps SECONDS   maps single pages until no more are allowed, unmaps them
//   vfio-user-client SOCKET multi SECONDS  posted REGION_WRITE_MULTI, each with 681 commands issued
//   vfio-user-client SOCKET slots SECONDS  32 commands at a time, each with 65,535 PRDs
//
// vfio-user specification; AHCI 1.3.1: 3.1 (HBA registers), 3.3 (port), 4.2.2 (command list).
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
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

enum { VERSION = 1, DMA_MAP = 2, DMA_UNMAP = 3, SET_IRQS = 8, REGION_READ = 9, REGION_WRITE = 10,
       REGION_WRITE_MULTI = 15 };
enum { NO_REPLY = 1 << 4, ABAR = 5, CONFIG = 7 };
enum { GHC = 0x04, IS = 0x08, PORT = 0x100, CLB = PORT, FB = PORT + 0x08, PIS = PORT + 0x10,
       PIE = PORT + 0x14, CMD = PORT + 0x18, SSTS = PORT + 0x28, SCTL = PORT + 0x2c,
       SERR = PORT + 0x30, SACT = PORT + 0x34, CI = PORT + 0x38 };
// The guest's memory, mapped at 0: where what is.
enum { LIST = 0, RECEIVED = 0x1000, BUFFER = 0x8000, TABLES = 0x400000, TABLE_BYTES = 0x101000,
       MEMORY = 64 << 20 };
enum { PRDS = 65535, MAX_MAPS = 65536, MAX_LATENCIES = 1 << 22, MULTI_WRITES = 681 };
static const uint64_t PAGES = 1ull << 40; // where single pages are mapped, each 8 KiB from the other

static int server, memory_fd, interrupt;
static unsigned char *memory;
static uint16_t next_id;
static uint64_t messages;

static void fail(const char *what)
{
    fprintf(stderr, "vfio-user-client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

struct header {
    uint16_t id, command;
    uint32_t size, flags, error;
};

static void send_message(uint16_t command, uint32_t flags, const void *payload, size_t bytes, int fd)
{
    struct header header = {next_id++, command, (uint32_t) (sizeof header + bytes), flags, 0};
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
    ssize_t sent = sendmsg(server, &message, MSG_NOSIGNAL);
    if (sent < 0)
        fail("the server is gone");
    // A large posted message may go in pieces.
    size_t total = sizeof header + bytes;
    while ((size_t) sent < total) {
        size_t in = (size_t) sent - sizeof header;
        ssize_t more = send(server, (const char *) payload + in, total - (size_t) sent, MSG_NOSIGNAL);
        if (more < 0)
            fail("the server is gone");
        sent += more;
    }
    messages++;
}

static void receive(void *buffer, size_t bytes)
{
    for (size_t have = 0; have < bytes;) {
        ssize_t count = recv(server, (char *) buffer + have, bytes - have, 0);
        if (count <= 0)
            fail("the server does not answer");
        have += (size_t) count;
    }
}

// Sends a command and waits for its answer; returns its errno.
static uint32_t ask(uint16_t command, const void *payload, size_t bytes, int fd, void *answer,
                    size_t answer_bytes)
{
    static char rest[16384];
    send_message(command, 0, payload, bytes, fd);
    struct header header;
    receive(&header, sizeof header);
    if (header.size < sizeof header || header.size - sizeof header > sizeof rest)
        fail("an answer of a size that none has");
    receive(rest, header.size - sizeof header);
    if (answer != NULL && header.size - sizeof header >= answer_bytes)
        memcpy(answer, rest, answer_bytes);
    return header.flags & 1 << 5 ? header.error : 0;
}

static uint32_t map(uint64_t address, uint64_t offset, uint64_t bytes)
{
    struct {
        uint32_t argsz, flags;
        uint64_t offset, address, size;
    } body = {sizeof body, 3, offset, address, bytes};
    return ask(DMA_MAP, &body, sizeof body, memory_fd, NULL, 0);
}

static void unmap(uint64_t address, uint64_t bytes)
{
    struct {
        uint32_t argsz, flags;
        uint64_t address, size;
    } body = {sizeof body, 0, address, bytes};
    ask(DMA_UNMAP, &body, sizeof body, -1, NULL, 0);
}

struct access {
    uint64_t offset;
    uint32_t region, count, data;
};

static uint32_t read_register(uint32_t region, uint64_t offset, uint32_t bytes)
{
    struct access body = {offset, region, bytes, 0}, answer = {0};
    // An answer shorter than the structure is copied as far as it goes.
    if (ask(REGION_READ, &body, 16, -1, &answer, 16 + bytes) != 0)
        fail("a register cannot be read");
    return answer.data;
}

static void write_register(uint32_t region, uint64_t offset, uint32_t value, uint32_t bytes)
{
    struct access body = {offset, region, bytes, value};
    send_message(REGION_WRITE, NO_REPLY, &body, 16 + bytes, -1);
}

static void abar(uint64_t offset, uint32_t value)
{
    write_register(ABAR, offset, value, 4);
}

static void connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *) &address, sizeof address) < 0)
        fail(path);
    static const char proposal[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}";
    if (ask(VERSION, proposal, sizeof proposal, -1, NULL, 0) != 0)
        fail("VERSION is refused");
    memory_fd = memfd_create("guest", MFD_CLOEXEC);
    if (memory_fd < 0 || ftruncate(memory_fd, MEMORY) < 0)
        fail("no memory");
    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    if (memory == MAP_FAILED || map(0, 0, MEMORY) != 0)
        fail("the guest's memory cannot be mapped");
}

// PCI 3.0, 6.8.1: the MSI capability is number 5; its control is 2 bytes behind its start.
static void enable_interrupts(void)
{
    struct {
        uint32_t argsz, flags, index, start, count;
    } body = {sizeof body, 1 << 2 | 1 << 5, 1, 0, 1};
    interrupt = eventfd(0, EFD_CLOEXEC);
    if (ask(SET_IRQS, &body, sizeof body, interrupt, NULL, 0) != 0)
        fail("there is no MSI");
    uint32_t at = read_register(CONFIG, 0x34, 1);
    while (at != 0 && read_register(CONFIG, at, 1) != 5)
        at = read_register(CONFIG, at + 1, 1);
    write_register(CONFIG, at + 2, read_register(CONFIG, at + 2, 2) | 1, 2);
}

// AHCI 10.1.2, 10.4.2: as system software brings a port up.
static void start_port(void)
{
    write_register(CONFIG, 4, 0x406, 2);
    abar(GHC, 1u << 31 | 1 << 1);
    abar(CMD, 0);
    abar(SCTL, 0x301);
    abar(SCTL, 0x300);
    uint64_t deadline = now() + 5000000000ull;
    while ((read_register(ABAR, SSTS, 4) & 0xf) != 3)
        if (now() > deadline)
            fail("the link stays down");
    abar(SERR, 0xffffffff);
    abar(CLB, LIST);
    abar(CLB + 4, 0);
    abar(FB, RECEIVED);
    abar(FB + 4, 0);
    abar(PIE, 0xffffffff);
    abar(CMD, 1 << 4);
    abar(CMD, 1 << 4 | 1);
}

// A slot's command table has room for all PRDs that there can be.
static uint64_t table_of(unsigned slot)
{
    return TABLES + (uint64_t) slot * TABLE_BYTES;
}

// Command header and FIS (SATA 3.x, 10.5.5) of a slot: a queued read with so many PRDs.
static void command(unsigned slot, uint64_t lba, unsigned sectors, unsigned prds)
{
    uint64_t table = table_of(slot);
    uint32_t *head = (uint32_t *) (memory + LIST + 32 * slot);
    head[0] = 5 | prds << 16;
    head[1] = 0;
    head[2] = (uint32_t) table;
    head[3] = 0;
    unsigned char *fis = memory + table;
    const unsigned char wanted[20] = {
        0x27, 0x80, 0x60, (unsigned char) sectors,
        (unsigned char) lba, (unsigned char) (lba >> 8), (unsigned char) (lba >> 16), 0x40,
        (unsigned char) (lba >> 24), 0, 0, (unsigned char) (sectors >> 8),
        (unsigned char) (slot << 3)};
    memcpy(fis, wanted, sizeof wanted);
}

static void prd(unsigned slot, unsigned index, uint64_t address, unsigned bytes)
{
    uint32_t *entry = (uint32_t *) (memory + table_of(slot) + 0x80 + 16ull * index);
    entry[0] = (uint32_t) address;
    entry[1] = (uint32_t) (address >> 32);
    entry[2] = 0;
    entry[3] = bytes - 1;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return x < y ? -1 : x > y;
}

static void read_as_a_guest(uint64_t until)
{
    uint32_t *latencies = malloc(MAX_LATENCIES * sizeof *latencies);
    uint64_t count = 0, state = 0x9e3779b97f4a7c15u, begin = now();
    enable_interrupts();
    prd(0, 0, BUFFER, 4096);
    while (now() < until && count < MAX_LATENCIES) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        command(0, (state >> 40) % 4096 * 8, 8, 1);
        uint64_t from = now(), events;
        abar(SACT, 1);
        abar(CI, 1);
        do {
            struct pollfd wait = {interrupt, POLLIN, 0};
            if (poll(&wait, 1, 30000) != 1 || read(interrupt, &events, sizeof events) < 0)
                fail("no interrupt in 30 s");
            // As Linux does: what happened, thank you, and which are done.
            uint32_t status = read_register(ABAR, PIS, 4);
            abar(PIS, status);
            abar(IS, 1);
            if (status & 1u << 30) {
                errno = EIO;
                fail("a read");
            }
        } while (read_register(ABAR, SACT, 4) != 0);
        latencies[count++] = (uint32_t) (now() - from);
    }
    double seconds = (double) (now() - begin) / 1e9;
    qsort(latencies, count, sizeof *latencies, by_value);
    printf("{\"ops\":%llu,\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
           (unsigned long long) count, seconds, latencies[count / 2] / 1e3,
           latencies[count * 99 / 100] / 1e3, latencies[count ? count - 1 : 0] / 1e3);
}

static unsigned map_pages(unsigned most, uint64_t until)
{
    unsigned count = 0;
    while (count < most && now() < until &&
           map(PAGES + count * 8192ull, BUFFER + count % 512 * 4096ull, 4096) == 0)
        count++;
    return count;
}

static unsigned storm_of_maps(uint64_t until)
{
    unsigned most = 0;
    while (now() < until) {
        unsigned count = map_pages(MAX_MAPS, until);
        most = count > most ? count : most;
        for (unsigned i = 0; i < count; i++)
            unmap(PAGES + i * 8192ull, 4096);
    }
    return most;
}

// All slots read 32 MiB, sector by sector, into pages that are mapped one by one.
static unsigned prepare_slots(uint64_t until)
{
    unsigned pages = map_pages(512, until);
    for (unsigned slot = 0; slot < 32; slot++) {
        for (unsigned i = 0; i < PRDS; i++)
            prd(slot, i, pages ? PAGES + i % pages * 8192ull : BUFFER, 512);
        command(slot, 0, PRDS, PRDS);
    }
    return pages;
}

static void restart(void)
{
    abar(CMD, 1 << 4);
    abar(PIS, 0xffffffff);
    abar(CMD, 1 << 4 | 1);
}

static void flood(uint64_t until, int multi)
{
    static struct {
        uint64_t count;
        struct {
            uint64_t offset;
            uint32_t region, count;
            uint64_t data;
        } writes[MULTI_WRITES];
    } body = {.count = MULTI_WRITES};
    // Stop and start in turn: each start makes the device fetch what is issued.
    for (unsigned i = 0; i < MULTI_WRITES; i++) {
        static const struct { uint64_t offset; uint64_t data; } turn[4] = {
            {CMD, 1 << 4}, {CMD, 1 << 4 | 1}, {SACT, 0xffffffff}, {CI, 0xffffffff}};
        body.writes[i].offset = turn[i % 4].offset;
        body.writes[i].region = ABAR;
        body.writes[i].count = 4;
        body.writes[i].data = turn[i % 4].data;
    }
    while (now() < until) {
        if (multi)
            send_message(REGION_WRITE_MULTI, NO_REPLY, &body, sizeof body, -1);
        else {
            restart();
            abar(SACT, 0xffffffff);
            abar(CI, 0xffffffff);
            // Some are let through: a stopped port does not fetch.
            uint64_t patience = now() + 300000000u;
            while (read_register(ABAR, SACT, 4) != 0 && now() < patience)
                usleep(1000);
        }
        // Waits until the server has come so far: it is to be busy, not the socket full.
        read_register(ABAR, CI, 4);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: vfio-user-client SOCKET read|maps|multi|slots SECONDS\n");
        return 2;
    }
    const char *mode = argv[2];
    connect_to(argv[1]);
    start_port();
    uint64_t begin = now(), until = begin + strtoull(argv[3], NULL, 10) * 1000000000u;
    if (strcmp(mode, "read") == 0) {
        read_as_a_guest(until);
        return 0;
    }
    unsigned maps = 0;
    if (strcmp(mode, "maps") == 0)
        maps = storm_of_maps(until);
    else {
        maps = prepare_slots(until);
        flood(until, strcmp(mode, "multi") == 0);
    }
    printf("{\"mode\":\"%s\",\"messages\":%llu,\"maps\":%u,\"seconds\":%.3f}\n", mode,
           (unsigned long long) messages, maps, (double) (now() - begin) / 1e9);
    return 0;
}
