package dev.platter.aio.abi;

/** {@code linux/io_uring.h}. Names are the header's, with the common prefix as the section. */
public final class IoUringAbi {
  // struct io_uring_sqe
  public static final int SQE_SIZE = 64;
  public static final int SQE_OPCODE = 0;
  public static final int SQE_FLAGS = 1;
  public static final int SQE_IOPRIO = 2;
  public static final int SQE_FD = 4;
  public static final int SQE_OFF = 8;
  public static final int SQE_ADDR = 16;
  public static final int SQE_LEN = 24;
  public static final int SQE_OP_FLAGS = 28;
  public static final int SQE_USER_DATA = 32;
  public static final int SQE_BUF_INDEX = 40;
  public static final int SQE_PERSONALITY = 42;
  public static final int SQE_FILE_INDEX = 44;
  public static final int SQE_ADDR3 = 48;

  // struct io_uring_cqe
  public static final int CQE_SIZE = 16;
  public static final int CQE_USER_DATA = 0;
  public static final int CQE_RES = 8;
  public static final int CQE_FLAGS = 12;

  // struct io_uring_params, with its io_sqring_offsets and io_cqring_offsets
  public static final int PARAMS_SIZE = 120;
  public static final int PARAMS_SQ_ENTRIES = 0;
  public static final int PARAMS_CQ_ENTRIES = 4;
  public static final int PARAMS_FLAGS = 8;
  public static final int PARAMS_FEATURES = 20;
  public static final int PARAMS_SQ_OFF = 40;
  public static final int PARAMS_CQ_OFF = 80;
  public static final int SQ_OFF_HEAD = 0;
  public static final int SQ_OFF_TAIL = 4;
  public static final int SQ_OFF_RING_MASK = 8;
  public static final int SQ_OFF_RING_ENTRIES = 12;
  public static final int SQ_OFF_FLAGS = 16;
  public static final int SQ_OFF_DROPPED = 20;
  public static final int SQ_OFF_ARRAY = 24;
  public static final int CQ_OFF_HEAD = 0;
  public static final int CQ_OFF_TAIL = 4;
  public static final int CQ_OFF_RING_MASK = 8;
  public static final int CQ_OFF_RING_ENTRIES = 12;
  public static final int CQ_OFF_OVERFLOW = 16;
  public static final int CQ_OFF_CQES = 20;

  // mmap offsets
  public static final long OFF_SQ_RING = 0L;
  public static final long OFF_SQES = 0x10000000L;

  // opcodes
  public static final int OP_NOP = 0;
  public static final int OP_READV = 1;
  public static final int OP_WRITEV = 2;
  public static final int OP_FSYNC = 3;
  public static final int OP_READ_FIXED = 4;
  public static final int OP_WRITE_FIXED = 5;
  public static final int OP_POLL_ADD = 6;
  public static final int OP_TIMEOUT = 11;
  public static final int OP_ASYNC_CANCEL = 14;
  public static final int OP_FALLOCATE = 17;
  public static final int OP_OPENAT = 18;
  public static final int OP_READ = 22;
  public static final int OP_WRITE = 23;
  public static final int OP_TEE = 33;
  public static final int OP_MSG_RING = 40;
  public static final int OP_URING_CMD = 46;

  // sqe->flags
  public static final int SQE_FIXED_FILE = 1;
  public static final int SQE_ASYNC = 1 << 4;

  // sqe->fsync_flags, len of POLL_ADD, cancel_flags, timeout_flags
  public static final int FSYNC_DATASYNC = 1;
  public static final int POLL_ADD_MULTI = 1;
  public static final int ASYNC_CANCEL_ALL = 1;
  public static final int ASYNC_CANCEL_ANY = 4;
  public static final int TIMEOUT_ABS = 1;
  public static final int MSG_DATA = 0;

  // io_uring_setup flags
  public static final int SETUP_CLAMP = 1 << 4;
  public static final int SETUP_SUBMIT_ALL = 1 << 7;
  public static final int SETUP_COOP_TASKRUN = 1 << 8;
  public static final int SETUP_TASKRUN_FLAG = 1 << 9;
  public static final int SETUP_SINGLE_ISSUER = 1 << 12;
  public static final int SETUP_DEFER_TASKRUN = 1 << 13;
  public static final int SETUP_NO_SQARRAY = 1 << 16;

  // sq_ring->flags
  public static final int SQ_CQ_OVERFLOW = 1 << 1;
  public static final int SQ_TASKRUN = 1 << 2;

  // io_uring_enter flags
  public static final int ENTER_GETEVENTS = 1;
  public static final int ENTER_EXT_ARG = 1 << 3;
  public static final int ENTER_NO_IOWAIT = 1 << 7;

  // struct io_uring_getevents_arg
  public static final int GETEVENTS_ARG_SIZE = 24;
  public static final int GETEVENTS_ARG_SIGMASK_SZ = 8;
  public static final int GETEVENTS_ARG_TS = 16;

  // io_uring_params.features
  public static final int FEAT_SINGLE_MMAP = 1;
  public static final int FEAT_NODROP = 1 << 1;
  public static final int FEAT_EXT_ARG = 1 << 8;
  public static final int FEAT_NO_IOWAIT = 1 << 17;

  // cqe->flags
  public static final int CQE_F_MORE = 1 << 1;

  // io_uring_register opcodes
  public static final int REGISTER_PROBE = 8;
  public static final int REGISTER_IOWQ_MAX_WORKERS = 19;

  // struct io_uring_probe, struct io_uring_probe_op
  public static final int PROBE_SIZE = 16;
  public static final int PROBE_OPS_LEN = 1;
  public static final int PROBE_OP_SIZE = 8;
  public static final int PROBE_OP_FLAGS = 2;
  public static final int PROBE_OP_SUPPORTED = 1;

  private IoUringAbi() {}
}
