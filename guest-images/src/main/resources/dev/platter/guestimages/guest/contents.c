/* Disks filled with a known pattern, and SHA-256 (FIPS 180-4) of each MiB of a disk. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };
static const uint64_t GOLDEN = 0x9e3779b97f4a7c15;

uint64_t mix64(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

void pattern_fill(void *buffer, size_t bytes, uint64_t seed, uint64_t offset) {
  unsigned char *at = buffer;
  uint64_t state = seed + offset / 8 * GOLDEN;
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t word = mix64(state += GOLDEN);
    memcpy(at + i, &word, 8);
  }
}

static uint32_t rotate(uint32_t x, int n) {
  return x >> n | x << (32 - n);
}

static void sha256_block(uint32_t state[8], const unsigned char *block) {
  static const uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  uint32_t w[64], v[8];
  for (int t = 0; t < 16; t++)
    w[t] = (uint32_t)block[4 * t] << 24 | block[4 * t + 1] << 16 | block[4 * t + 2] << 8 |
           block[4 * t + 3];
  for (int t = 16; t < 64; t++) {
    uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
    uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  memcpy(v, state, sizeof v);
  for (int t = 0; t < 64; t++) {
    uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[t] + w[t];
    uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++)
    state[i] += v[i];
}

static void sha256_hex(const unsigned char *bytes, size_t count, char hex[65]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char tail[128] = {0};
  size_t at = 0;
  for (; at + 64 <= count; at += 64)
    sha256_block(state, bytes + at);
  memcpy(tail, bytes + at, count - at);
  tail[count - at] = 0x80;
  size_t end = count - at < 56 ? 64 : 128;
  for (int i = 0; i < 8; i++)
    tail[end - 1 - i] = (uint64_t)count * 8 >> 8 * i;
  for (size_t i = 0; i < end; i += 64)
    sha256_block(state, tail + i);
  for (int i = 0; i < 8; i++)
    sprintf(hex + 8 * i, "%08x", state[i]);
}

static size_t piece(uint64_t size, uint64_t offset) {
  return size - offset < MIB ? size - offset : MIB;
}

int run_hash(void) {
  struct disk disk = disk_open(false);
  args_end();
  unsigned char *buffer = aligned_buffer(MIB);
  char hex[65];
  for (uint64_t at = 0; at < disk.size_bytes; at += MIB) {
    size_t wanted = piece(disk.size_bytes, at);
    for (size_t have = 0; have < wanted;) {
      ssize_t count = pread(disk.fd, buffer + have, wanted - have, at + have);
      if (count <= 0)
        die("reading %s at %llu failed: %s", disk.path, (unsigned long long)(at + have),
            count ? strerror(errno) : "it ends there");
      have += count;
    }
    sha256_hex(buffer, wanted, hex);
    printf("{\"mib\":%llu,\"sha256\":\"%s\"}\n", (unsigned long long)(at / MIB), hex);
  }
  printf("{\"hashed_bytes\":%llu}\n", (unsigned long long)disk.size_bytes);
  return 0;
}

int run_write_pattern(void) {
  struct disk disk = disk_open(true);
  uint64_t seed = arg_number("seed", 1);
  uint64_t size = arg_number("bytes", disk.size_bytes);
  args_end();
  unsigned char *buffer = aligned_buffer(MIB);
  for (uint64_t at = 0; at < size; at += MIB) {
    size_t wanted = piece(size, at);
    pattern_fill(buffer, wanted, seed, at);
    for (size_t done = 0; done < wanted;) {
      ssize_t count = pwrite(disk.fd, buffer + done, wanted - done, at + done);
      if (count < 0)
        die("writing %s at %llu failed: %s", disk.path, (unsigned long long)(at + done),
            strerror(errno));
      done += count;
    }
  }
  if (fsync(disk.fd) || close(disk.fd))
    die("flushing %s failed: %s", disk.path, strerror(errno));
  printf("{\"written_bytes\":%llu,\"seed\":%llu}\n", (unsigned long long)size,
         (unsigned long long)seed);
  return 0;
}
