package dev.platter.aio.abi;

/**
 * {@code fcntl.h}, {@code linux/falloc.h}, {@code linux/stat.h}, {@code linux/magic.h} and friends,
 * for x86_64 and aarch64.
 */
public final class LinuxAbi {
  private static final boolean AARCH64 = System.getProperty("os.arch").equals("aarch64");

  // open flags
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_NOCTTY = 0x100;
  public static final int O_NONBLOCK = 0x800;
  public static final int IN_CLOSE_WRITE = 8;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_PATH = 0x200000;
  public static final int O_DIRECT = AARCH64 ? 0x10000 : 0x4000;

  // openat
  public static final int AT_FDCWD = -100;

  // fcntl
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int F_OFD_GETLK = 36;
  public static final int F_OFD_SETLK = 37;
  public static final int F_RDLCK = 0;
  public static final int F_WRLCK = 1;
  public static final int F_UNLCK = 2;

  // struct flock
  public static final int FLOCK_SIZE = 32;
  public static final int FLOCK_TYPE = 0;
  public static final int FLOCK_WHENCE = 2;
  public static final int FLOCK_START = 8;
  public static final int FLOCK_LEN = 16;
  public static final int FLOCK_PID = 24;

  // fallocate modes
  public static final int FALLOC_FL_KEEP_SIZE = 1;
  public static final int FALLOC_FL_PUNCH_HOLE = 2;
  public static final int FALLOC_FL_ZERO_RANGE = 0x10;

  // pwritev2 flags
  public static final int RWF_DSYNC = 2;
  public static final int RWF_NOWAIT = 8;

  // eventfd
  public static final int EFD_CLOEXEC = 0x80000;
  public static final int EFD_NONBLOCK = 0x800;

  // poll
  public static final int POLLIN = 1;
  public static final int POLLOUT = 4;
  public static final int POLLFD_SIZE = 8;
  public static final int POLLFD_FD = 0;
  public static final int POLLFD_EVENTS = 4;
  public static final int POLLFD_REVENTS = 6;

  // memfd_create, seals
  public static final int MFD_CLOEXEC = 1;
  public static final int MFD_ALLOW_SEALING = 2;
  public static final int F_ADD_SEALS = 1033;
  public static final int F_GET_SEALS = 1034;
  public static final int F_SEAL_SHRINK = 2;

  // sockets
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_CLOEXEC = 0x80000;
  public static final int SOL_SOCKET = 1;
  public static final int SO_REUSEADDR = 2;
  public static final int SO_TYPE = 3;
  public static final int SO_PEERCRED = 17;
  public static final int SO_SNDTIMEO = 21;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_DOMAIN = 39;
  public static final int IPPROTO_IPV6 = 41;
  public static final int IPV6_V6ONLY = 26;
  public static final int SCM_RIGHTS = 1;
  public static final int MSG_CTRUNC = 0x8;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;
  public static final int SHUT_WR = 1;
  public static final int SHUT_RDWR = 2;

  // struct sockaddr_un
  public static final int SOCKADDR_UN_SIZE = 110;
  public static final int SUN_PATH = 2;
  public static final int SUN_PATH_SIZE = 108;

  // struct msghdr, struct cmsghdr (64-bit)
  public static final int MSGHDR_SIZE = 56;
  public static final int MSG_IOV = 16;
  public static final int MSG_IOVLEN = 24;
  public static final int MSG_CONTROL = 32;
  public static final int MSG_CONTROLLEN = 40;
  public static final int MSG_FLAGS = 48;
  public static final int CMSG_LEN = 0;
  public static final int CMSG_LEVEL = 8;
  public static final int CMSG_TYPE = 12;
  public static final int CMSG_DATA = 16;

  // struct ucred
  public static final int UCRED_SIZE = 12;
  public static final int UCRED_PID = 0;
  public static final int UCRED_UID = 4;

  // unshare (linux/sched.h)
  public static final int CLONE_NEWNS = 0x20000;

  // prctl (linux/prctl.h)
  public static final int PR_GET_DUMPABLE = 3;
  public static final int PR_SET_DUMPABLE = 4;
  public static final int PR_SET_NO_NEW_PRIVS = 38;

  // close_range (linux/close_range.h)
  public static final int CLOSE_RANGE_CLOEXEC = 4;

  // descriptor flags
  public static final int F_GETFD = 1;
  public static final int F_SETFD = 2;
  public static final int FD_CLOEXEC = 1;

  // clocks
  public static final int CLOCK_REALTIME_COARSE = 5;

  // struct timeval
  public static final int TIMEVAL_SIZE = 16;

  // struct iovec
  public static final int IOVEC_SIZE = 16;
  public static final int IOVEC_BASE = 0;
  public static final int IOVEC_LEN = 8;
  public static final int IOV_MAX = 1024;

  // statx
  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int STATX_BASIC_STATS = 0x7ff;
  public static final int STATX_DIOALIGN = 0x2000;
  public static final int STATX_SIZE_OF = 256;
  public static final int STATX_MASK = 0;
  public static final int STATX_MODE = 28;
  public static final int STATX_INO = 32;
  public static final int STATX_SIZE = 40;
  public static final int STATX_BLOCKS = 48;
  public static final int STATX_RDEV_MAJOR = 128;
  public static final int STATX_RDEV_MINOR = 132;
  public static final int STATX_DEV_MAJOR = 136;
  public static final int STATX_DEV_MINOR = 140;
  public static final int STATX_DIO_MEM_ALIGN = 152;
  public static final int STATX_DIO_OFFSET_ALIGN = 156;
  public static final int S_IFMT = 0xf000;
  public static final int S_IFREG = 0x8000;
  public static final int S_IFDIR = 0x4000;
  public static final int S_IFBLK = 0x6000;
  public static final int S_IFIFO = 0x1000;
  public static final int S_IFSOCK = 0xc000;

  // struct statfs (64-bit)
  public static final int STATFS_SIZE_OF = 120;
  public static final int STATFS_TYPE = 0;

  // ioctls
  public static final long BLKGETSIZE64 = 0x80081272L;
  public static final long BLKDISCARD = 0x1277L;
  public static final int BLOCK_URING_CMD_DISCARD = 0x1200;
  public static final long FS_IOC_FIEMAP = 0xc020660bL;
  public static final long FS_IOC_GETFLAGS = 0x80086601L;
  public static final int FS_NOCOW_FL = 0x800000;
  public static final long TCGETS = 0x5401L;
  public static final long TIOCGWINSZ = 0x5413L;
  public static final long KVM_GET_API_VERSION = 0xae00L;

  // struct fiemap, struct fiemap_extent
  public static final int FIEMAP_SIZE = 32;
  public static final int FIEMAP_START = 0;
  public static final int FIEMAP_LENGTH = 8;
  public static final int FIEMAP_FLAGS = 16;
  public static final int FIEMAP_MAPPED_EXTENTS = 20;
  public static final int FIEMAP_EXTENT_COUNT = 24;
  public static final int FIEMAP_EXTENT_SIZE = 56;
  public static final int FE_LOGICAL = 0;
  public static final int FE_PHYSICAL = 8;
  public static final int FE_LENGTH = 16;
  public static final int FE_FLAGS = 40;
  public static final int FIEMAP_FLAG_SYNC = 1;
  public static final int FIEMAP_EXTENT_LAST = 1;
  public static final int FIEMAP_EXTENT_UNWRITTEN = 0x800;
  public static final int FIEMAP_EXTENT_SHARED = 0x2000;

  // getrusage, getrlimit
  public static final int RUSAGE_SELF = 0;
  public static final int RUSAGE_SIZE = 144;
  public static final int RLIMIT_NOFILE = 7;
  public static final int RLIMIT_MEMLOCK = 8;

  private LinuxAbi() {}
}
