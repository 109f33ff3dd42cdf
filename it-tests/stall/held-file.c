// A file whose storage stops answering when it is told to: a FUSE server, through /dev/fuse itself.
//
//   held-file DIRECTORY BACKING_FILE
//
// Mounts on DIRECTORY a file system with two files and serves it until it is unmounted:
//
//   disk     passes everything through to BACKING_FILE
//   control  is written "hold read,write,flush" (any of them) or "go"; says "held N" when read
//
// A held request is taken from the kernel and kept: whoever sent it waits. "go" does what was held,
// in the order in which it came, and from then on everything is answered at once. Needs root.
// The protocol: linux/fuse.h, fuse(4).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, DISK, CONTROL };
enum { MAX_TRANSFER = 1 << 20, BUFFER = MAX_TRANSFER + (1 << 16), MAX_PAGES = 256 };
// Cached by the kernel for so long: nothing here changes its name or size by itself.
static const uint64_t VALID_SECONDS = 3600;

struct held {
    struct held *next;
    char message[];
};

static int device, backing;
static char *transfer;
static struct held *first_held, **last_held = &first_held;
static unsigned held_count;
static int holds_reads, holds_writes, holds_flushes;

static void fail(const char *what)
{
    fprintf(stderr, "held-file: %s: %s\n", what, strerror(errno));
    exit(1);
}

// Answers with an errno, or with what a request asked for.
static void answer(uint64_t unique, int error, const void *body, size_t bytes)
{
    struct fuse_out_header head = {
        .len = (uint32_t) (sizeof head + (error ? 0 : bytes)), .error = -error, .unique = unique};
    struct iovec parts[] = {{&head, sizeof head}, {(void *) body, error ? 0 : bytes}};
    // ENOENT: its sender has been killed and no longer waits.
    if (writev(device, parts, 2) < 0 && errno != ENOENT)
        fail("cannot answer the kernel");
}

static void attributes(uint64_t node, struct fuse_attr *attr)
{
    struct stat facts;
    if (fstat(backing, &facts) < 0)
        fail("cannot look at the backing file");
    *attr = (struct fuse_attr){.ino = node, .nlink = 1, .blksize = 4096};
    attr->mode = node == ROOT ? S_IFDIR | 0700 : S_IFREG | 0600;
    if (node == DISK) {
        attr->size = (uint64_t) facts.st_size;
        attr->blocks = (uint64_t) facts.st_blocks;
    }
}

static void look_up(uint64_t unique, const char *name)
{
    struct fuse_entry_out entry = {.entry_valid = VALID_SECONDS, .attr_valid = VALID_SECONDS};
    if (strcmp(name, "disk") == 0)
        entry.nodeid = DISK;
    else if (strcmp(name, "control") == 0)
        entry.nodeid = CONTROL;
    else {
        answer(unique, ENOENT, NULL, 0);
        return;
    }
    attributes(entry.nodeid, &entry.attr);
    answer(unique, 0, &entry, sizeof entry);
}

static void begin(uint64_t unique, const struct fuse_init_in *in)
{
    uint32_t wanted = FUSE_ASYNC_READ | FUSE_ASYNC_DIO | FUSE_BIG_WRITES | FUSE_MAX_PAGES |
                      FUSE_NO_OPENDIR_SUPPORT;
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
        .max_readahead = in->max_readahead, .flags = in->flags & wanted,
        // A guest's whole queue may be held.
        .max_background = 4096, .congestion_threshold = 4096,
        .max_write = MAX_TRANSFER, .time_gran = 1, .max_pages = MAX_PAGES};
    answer(unique, 0, &out, sizeof out);
}

static void read_file(uint64_t unique, uint64_t node, const struct fuse_read_in *in)
{
    if (node == CONTROL) {
        int length = snprintf(transfer, MAX_TRANSFER, "held %u\n", held_count);
        answer(unique, 0, transfer, in->offset == 0 ? (size_t) length : 0);
        return;
    }
    size_t wanted = in->size < MAX_TRANSFER ? in->size : MAX_TRANSFER;
    ssize_t count = pread(backing, transfer, wanted, (off_t) in->offset);
    answer(unique, count < 0 ? errno : 0, transfer, count < 0 ? 0 : (size_t) count);
}

static void serve(char *message);

static void let_go(void)
{
    holds_reads = holds_writes = holds_flushes = 0;
    while (first_held != NULL) {
        struct held *one = first_held;
        first_held = one->next;
        held_count--;
        serve(one->message);
        free(one);
    }
    last_held = &first_held;
}

static void command(uint64_t unique, const char *text, size_t length)
{
    char words[64];
    snprintf(words, sizeof words, "%.*s", (int) length, text);
    struct fuse_write_out out = {.size = (uint32_t) length};
    if (strncmp(words, "go", 2) == 0) {
        answer(unique, 0, &out, sizeof out);
        let_go();
    } else if (strncmp(words, "hold ", 5) == 0) {
        holds_reads = strstr(words, "read") != NULL;
        holds_writes = strstr(words, "write") != NULL;
        holds_flushes = strstr(words, "flush") != NULL;
        answer(unique, 0, &out, sizeof out);
    } else
        answer(unique, EINVAL, NULL, 0);
}

static void write_file(uint64_t unique, uint64_t node, const struct fuse_write_in *in)
{
    const char *bytes = (const char *) (in + 1);
    if (node == CONTROL) {
        command(unique, bytes, in->size);
        return;
    }
    ssize_t count = pwrite(backing, bytes, in->size, (off_t) in->offset);
    struct fuse_write_out out = {.size = count < 0 ? 0 : (uint32_t) count};
    answer(unique, count < 0 ? errno : 0, &out, sizeof out);
}

static void allocate(uint64_t unique, const struct fuse_fallocate_in *in)
{
    int result = fallocate(backing, (int) in->mode, (off_t) in->offset, (off_t) in->length);
    answer(unique, result < 0 ? errno : 0, NULL, 0);
}

static void set_attributes(uint64_t unique, uint64_t node, const struct fuse_setattr_in *in)
{
    struct fuse_attr_out out = {.attr_valid = VALID_SECONDS};
    if (node == DISK && in->valid & FATTR_SIZE && ftruncate(backing, (off_t) in->size) < 0) {
        answer(unique, errno, NULL, 0);
        return;
    }
    attributes(node, &out.attr);
    answer(unique, 0, &out, sizeof out);
}

static void serve(char *message)
{
    const struct fuse_in_header *head = (const void *) message;
    const void *body = message + sizeof *head;
    uint64_t unique = head->unique, node = head->nodeid;
    switch (head->opcode) {
    case FUSE_INIT:
        begin(unique, body);
        break;
    case FUSE_LOOKUP:
        look_up(unique, body);
        break;
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr_valid = VALID_SECONDS};
        attributes(node, &out.attr);
        answer(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_SETATTR:
        set_attributes(unique, node, body);
        break;
    case FUSE_OPEN: {
        struct fuse_open_out out = {.open_flags = node == CONTROL ? FOPEN_DIRECT_IO : 0};
        answer(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_READ:
        read_file(unique, node, body);
        break;
    case FUSE_WRITE:
        write_file(unique, node, body);
        break;
    case FUSE_FSYNC:
        answer(unique, fdatasync(backing) < 0 ? errno : 0, NULL, 0);
        break;
    case FUSE_FALLOCATE:
        allocate(unique, body);
        break;
    case FUSE_STATFS: {
        struct fuse_statfs_out out = {.st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};
        answer(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_RELEASE:
    case FUSE_FLUSH:
    case FUSE_READDIR:
    case FUSE_ACCESS:
        answer(unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break; // wants no answer
    case FUSE_DESTROY:
        answer(unique, 0, NULL, 0);
        exit(0);
    default:
        answer(unique, ENOSYS, NULL, 0);
    }
}

static int is_held(const struct fuse_in_header *head)
{
    return head->nodeid == DISK && ((head->opcode == FUSE_READ && holds_reads) ||
                                    (head->opcode == FUSE_WRITE && holds_writes) ||
                                    (head->opcode == FUSE_FALLOCATE && holds_writes) ||
                                    (head->opcode == FUSE_FSYNC && holds_flushes));
}

static void hold(const char *message, size_t length)
{
    struct held *one = malloc(sizeof *one + length);
    if (one == NULL)
        fail("no memory for what is held");
    one->next = NULL;
    memcpy(one->message, message, length);
    *last_held = one;
    last_held = &one->next;
    held_count++;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: held-file DIRECTORY BACKING_FILE\n");
        return 2;
    }
    backing = open(argv[2], O_RDWR | O_CLOEXEC);
    if (backing < 0)
        fail(argv[2]);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0)
        fail("/dev/fuse");
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
    if (mount("held-file", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
        fail("cannot mount");
    transfer = malloc(MAX_TRANSFER);
    char *message = malloc(BUFFER);
    if (transfer == NULL || message == NULL)
        fail("no memory");
    for (;;) {
        ssize_t length = read(device, message, BUFFER);
        if (length < 0 && errno == ENODEV)
            return 0; // unmounted
        // ENOENT: the request was interrupted before it was taken.
        if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
            continue;
        if (length < (ssize_t) sizeof(struct fuse_in_header))
            fail("cannot read /dev/fuse");
        if (is_held((const void *) message))
            hold(message, (size_t) length);
        else
            serve(message);
    }
}
