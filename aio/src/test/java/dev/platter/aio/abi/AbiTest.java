package dev.platter.aio.abi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares every constant of this package with the machine's own headers, through one C program. A
 * constant that these headers are too old for is guarded by {@code #ifdef} and left out.
 */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class AbiTest {
  private static final String INCLUDES =
      """
      #define _GNU_SOURCE
      #include <errno.h>
      #include <fcntl.h>
      #include <limits.h>
      #include <poll.h>
      #include <sched.h>
      #include <netinet/in.h>
      #include <stddef.h>
      #include <stdio.h>
      #include <time.h>
      #include <asm/ioctls.h>
      #include <linux/close_range.h>
      #include <linux/falloc.h>
      #include <linux/fiemap.h>
      #include <linux/fs.h>
      #include <linux/io_uring.h>
      #include <linux/kvm.h>
      #include <linux/landlock.h>
      #include <linux/prctl.h>
      #include <sys/eventfd.h>
      #include <sys/inotify.h>
      #include <sys/mman.h>
      #include <sys/resource.h>
      #include <sys/socket.h>
      #include <sys/stat.h>
      #include <sys/uio.h>
      #include <sys/un.h>
      #include <sys/vfs.h>
      """;

  // What a field is called in C, where that is not the field's own name. "X if Y" leaves the line
  // out unless macro Y is defined.
  private static final Map<String, String> IO_URING = new LinkedHashMap<>();
  private static final Map<String, String> LINUX = new LinkedHashMap<>();
  private static final Map<String, String> LANDLOCK = new LinkedHashMap<>();

  private static void sqe(String field, String member) {
    IO_URING.put(field, "offsetof(struct io_uring_sqe, " + member + ")");
  }

  static {
    IO_URING.put("SQE_SIZE", "sizeof(struct io_uring_sqe)");
    sqe("SQE_OPCODE", "opcode");
    sqe("SQE_FLAGS", "flags");
    sqe("SQE_IOPRIO", "ioprio");
    sqe("SQE_FD", "fd");
    sqe("SQE_OFF", "off");
    sqe("SQE_ADDR", "addr");
    sqe("SQE_LEN", "len");
    sqe("SQE_OP_FLAGS", "rw_flags");
    sqe("SQE_USER_DATA", "user_data");
    sqe("SQE_BUF_INDEX", "buf_index");
    sqe("SQE_PERSONALITY", "personality");
    sqe("SQE_FILE_INDEX", "file_index");
    IO_URING.put("SQE_ADDR3", "offsetof(struct io_uring_sqe, addr3) if IORING_SETUP_COOP_TASKRUN");
    IO_URING.put("CQE_SIZE", "sizeof(struct io_uring_cqe)");
    IO_URING.put("CQE_USER_DATA", "offsetof(struct io_uring_cqe, user_data)");
    IO_URING.put("CQE_RES", "offsetof(struct io_uring_cqe, res)");
    IO_URING.put("CQE_FLAGS", "offsetof(struct io_uring_cqe, flags)");
    IO_URING.put("PARAMS_SIZE", "sizeof(struct io_uring_params)");
    for (String name : new String[] {"SQ_ENTRIES", "CQ_ENTRIES", "FLAGS", "FEATURES"}) {
      IO_URING.put("PARAMS_" + name, "offsetof(struct io_uring_params, " + lower(name) + ")");
    }
    IO_URING.put("PARAMS_SQ_OFF", "offsetof(struct io_uring_params, sq_off)");
    IO_URING.put("PARAMS_CQ_OFF", "offsetof(struct io_uring_params, cq_off)");
    for (String name :
        new String[] {"HEAD", "TAIL", "RING_MASK", "RING_ENTRIES", "FLAGS", "DROPPED", "ARRAY"}) {
      IO_URING.put("SQ_OFF_" + name, "offsetof(struct io_sqring_offsets, " + lower(name) + ")");
    }
    for (String name :
        new String[] {"HEAD", "TAIL", "RING_MASK", "RING_ENTRIES", "OVERFLOW", "CQES"}) {
      IO_URING.put("CQ_OFF_" + name, "offsetof(struct io_cqring_offsets, " + lower(name) + ")");
    }
    IO_URING.put("OP_MSG_RING", "IORING_OP_MSG_RING if IORING_SETUP_SUBMIT_ALL");
    IO_URING.put("OP_URING_CMD", "IORING_OP_URING_CMD if IORING_SETUP_SQE128");
    IO_URING.put("MSG_DATA", "IORING_MSG_DATA if IORING_SETUP_DEFER_TASKRUN");
    IO_URING.put("SQE_FIXED_FILE", "IOSQE_FIXED_FILE");
    IO_URING.put("SQE_ASYNC", "IOSQE_ASYNC");
    IO_URING.put("GETEVENTS_ARG_SIZE", "sizeof(struct io_uring_getevents_arg)");
    IO_URING.put("GETEVENTS_ARG_SIGMASK_SZ", "offsetof(struct io_uring_getevents_arg, sigmask_sz)");
    IO_URING.put("GETEVENTS_ARG_TS", "offsetof(struct io_uring_getevents_arg, ts)");
    IO_URING.put("PROBE_SIZE", "sizeof(struct io_uring_probe)");
    IO_URING.put("PROBE_OPS_LEN", "offsetof(struct io_uring_probe, ops_len)");
    IO_URING.put("PROBE_OP_SIZE", "sizeof(struct io_uring_probe_op)");
    IO_URING.put("PROBE_OP_FLAGS", "offsetof(struct io_uring_probe_op, flags)");
    IO_URING.put("PROBE_OP_SUPPORTED", "IO_URING_OP_SUPPORTED");
    // Macros, so that #ifdef works on them directly.
    for (String name :
        new String[] {
          "SETUP_SUBMIT_ALL",
          "SETUP_COOP_TASKRUN",
          "SETUP_TASKRUN_FLAG",
          "SETUP_SINGLE_ISSUER",
          "SETUP_DEFER_TASKRUN",
          "SETUP_NO_SQARRAY",
          "SQ_TASKRUN",
          "ENTER_NO_IOWAIT",
          "FEAT_NO_IOWAIT",
          "ASYNC_CANCEL_ALL",
          "ASYNC_CANCEL_ANY"
        }) {
      IO_URING.put(name, "IORING_" + name + " if IORING_" + name);
    }

    LINUX.put("FLOCK_SIZE", "sizeof(struct flock)");
    for (String name : new String[] {"TYPE", "WHENCE", "START", "LEN", "PID"}) {
      LINUX.put("FLOCK_" + name, "offsetof(struct flock, l_" + lower(name) + ")");
    }
    LINUX.put("IOVEC_SIZE", "sizeof(struct iovec)");
    LINUX.put("IOVEC_BASE", "offsetof(struct iovec, iov_base)");
    LINUX.put("IOVEC_LEN", "offsetof(struct iovec, iov_len)");
    LINUX.put("STATX_DIOALIGN", "STATX_DIOALIGN if STATX_DIOALIGN");
    LINUX.put("STATX_SIZE_OF", "sizeof(struct statx)");
    for (String name :
        new String[] {
          "MASK",
          "MODE",
          "INO",
          "SIZE",
          "BLOCKS",
          "RDEV_MAJOR",
          "RDEV_MINOR",
          "DEV_MAJOR",
          "DEV_MINOR"
        }) {
      LINUX.put("STATX_" + name, "offsetof(struct statx, stx_" + lower(name) + ")");
    }
    for (String name : new String[] {"DIO_MEM_ALIGN", "DIO_OFFSET_ALIGN"}) {
      LINUX.put(
          "STATX_" + name, "offsetof(struct statx, stx_" + lower(name) + ") if STATX_DIOALIGN");
    }
    LINUX.put("STATFS_SIZE_OF", "sizeof(struct statfs)");
    LINUX.put("STATFS_TYPE", "offsetof(struct statfs, f_type)");
    LINUX.put("FIEMAP_SIZE", "sizeof(struct fiemap)");
    for (String name : new String[] {"START", "LENGTH", "FLAGS", "MAPPED_EXTENTS"}) {
      LINUX.put("FIEMAP_" + name, "offsetof(struct fiemap, fm_" + lower(name) + ")");
    }
    LINUX.put("FIEMAP_EXTENT_COUNT", "offsetof(struct fiemap, fm_extent_count)");
    LINUX.put("FIEMAP_EXTENT_SIZE", "sizeof(struct fiemap_extent)");
    for (String name : new String[] {"LOGICAL", "PHYSICAL", "LENGTH", "FLAGS"}) {
      LINUX.put("FE_" + name, "offsetof(struct fiemap_extent, fe_" + lower(name) + ")");
    }
    LINUX.put("BLOCK_URING_CMD_DISCARD", "BLOCK_URING_CMD_DISCARD if BLOCK_URING_CMD_DISCARD");
    LINUX.put("RUSAGE_SIZE", "sizeof(struct rusage)");
    LINUX.put("TIMEVAL_SIZE", "sizeof(struct timeval)");
    LINUX.put("POLLFD_SIZE", "sizeof(struct pollfd)");
    for (String name : new String[] {"FD", "EVENTS", "REVENTS"}) {
      LINUX.put("POLLFD_" + name, "offsetof(struct pollfd, " + lower(name) + ")");
    }
    LINUX.put("SOCKADDR_UN_SIZE", "sizeof(struct sockaddr_un)");
    LINUX.put("SUN_PATH", "offsetof(struct sockaddr_un, sun_path)");
    LINUX.put("SUN_PATH_SIZE", "sizeof(((struct sockaddr_un *) 0)->sun_path)");
    LINUX.put("MSGHDR_SIZE", "sizeof(struct msghdr)");
    for (String name : new String[] {"IOV", "IOVLEN", "CONTROL", "CONTROLLEN", "FLAGS"}) {
      LINUX.put("MSG_" + name, "offsetof(struct msghdr, msg_" + lower(name) + ")");
    }
    for (String name : new String[] {"LEN", "LEVEL", "TYPE"}) {
      LINUX.put("CMSG_" + name, "offsetof(struct cmsghdr, cmsg_" + lower(name) + ")");
    }
    LINUX.put("CMSG_DATA", "CMSG_LEN(0)");
    LINUX.put("UCRED_SIZE", "sizeof(struct ucred)");
    LINUX.put("UCRED_PID", "offsetof(struct ucred, pid)");
    LINUX.put("UCRED_UID", "offsetof(struct ucred, uid)");
  }

  static {
    // Sizes and what came with later ABIs: a macro of the same age tells whether it is there.
    String net = " if LANDLOCK_ACCESS_NET_BIND_TCP";
    String scope = " if LANDLOCK_SCOPE_SIGNAL";
    LANDLOCK.put("RULESET_ATTR_SIZE", "sizeof(struct landlock_ruleset_attr)" + scope);
    LANDLOCK.put(
        "RULESET_ATTR_HANDLED_ACCESS_FS",
        "offsetof(struct landlock_ruleset_attr, handled_access_fs)");
    LANDLOCK.put(
        "RULESET_ATTR_HANDLED_ACCESS_NET",
        "offsetof(struct landlock_ruleset_attr, handled_access_net)" + net);
    LANDLOCK.put("RULESET_ATTR_SCOPED", "offsetof(struct landlock_ruleset_attr, scoped)" + scope);
    LANDLOCK.put("PATH_BENEATH_ATTR_SIZE", "sizeof(struct landlock_path_beneath_attr)");
    LANDLOCK.put(
        "PATH_BENEATH_ATTR_ALLOWED_ACCESS",
        "offsetof(struct landlock_path_beneath_attr, allowed_access)");
    LANDLOCK.put(
        "PATH_BENEATH_ATTR_PARENT_FD", "offsetof(struct landlock_path_beneath_attr, parent_fd)");
    LANDLOCK.put("RULE_NET_PORT", "LANDLOCK_RULE_NET_PORT" + net);
    LANDLOCK.put("NET_PORT_ATTR_SIZE", "sizeof(struct landlock_net_port_attr)" + net);
    LANDLOCK.put(
        "NET_PORT_ATTR_ALLOWED_ACCESS",
        "offsetof(struct landlock_net_port_attr, allowed_access)" + net);
    LANDLOCK.put("NET_PORT_ATTR_PORT", "offsetof(struct landlock_net_port_attr, port)" + net);
    for (String name :
        new String[] {
          "ACCESS_FS_REFER",
          "ACCESS_FS_TRUNCATE",
          "ACCESS_FS_IOCTL_DEV",
          "ACCESS_NET_BIND_TCP",
          "ACCESS_NET_CONNECT_TCP",
          "SCOPE_ABSTRACT_UNIX_SOCKET",
          "SCOPE_SIGNAL",
          "RESTRICT_SELF_LOG_NEW_EXEC_ON"
        }) {
      LANDLOCK.put(name, "LANDLOCK_" + name + " if LANDLOCK_" + name);
    }
  }

  private static String lower(String name) {
    return name.toLowerCase(java.util.Locale.ROOT);
  }

  @TempDir Path directory;

  @Test
  void ioUringAbiRepeatsTheHeader() throws Exception {
    compare(IoUringAbi.class, "IORING_", IO_URING);
  }

  @Test
  void linuxAbiRepeatsTheHeaders() throws Exception {
    compare(LinuxAbi.class, "", LINUX);
  }

  @Test
  void landlockAbiRepeatsTheHeader() throws Exception {
    compare(LandlockAbi.class, "LANDLOCK_", LANDLOCK);
  }

  @Test
  void errnoRepeatsTheHeader() throws Exception {
    compare(Errno.class, "", Map.of());
  }

  private void compare(Class<?> constants, String prefix, Map<String, String> inC)
      throws Exception {
    Map<String, Long> ours = new TreeMap<>();
    StringBuilder program = new StringBuilder(INCLUDES).append("int main(void) {\n");
    for (Field field : constants.getDeclaredFields()) {
      if (!Modifier.isPublic(field.getModifiers())) {
        continue;
      }
      ours.put(field.getName(), ((Number) field.get(null)).longValue());
      String expression = inC.getOrDefault(field.getName(), prefix + field.getName());
      int condition = expression.indexOf(" if ");
      String value = condition < 0 ? expression : expression.substring(0, condition);
      String line = "  printf(\"" + field.getName() + " %lld\\n\", (long long) (" + value + "));\n";
      program.append(
          condition < 0
              ? line
              : "#ifdef " + expression.substring(condition + 4) + "\n" + line + "#endif\n");
    }
    program.append("  return 0;\n}\n");

    Map<String, Long> theirs = new TreeMap<>();
    for (String line : compileAndRun(program.toString()).lines().toList()) {
      int space = line.indexOf(' ');
      theirs.put(line.substring(0, space), Long.valueOf(line.substring(space + 1)));
    }
    assertThat(theirs).isNotEmpty();
    assertThat(ours.keySet()).containsAll(inC.keySet());
    assertThat(ours).containsAllEntriesOf(theirs);
  }

  private String compileAndRun(String program) throws Exception {
    Path source = Files.writeString(directory.resolve("abi.c"), program);
    Path binary = directory.resolve("abi");
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-o", binary.toString(), source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return Assumptions.abort("needs gcc and the kernel headers to compare with: " + e);
    }
    String messages = new String(gcc.getInputStream().readAllBytes(), UTF_8);
    assertThat(gcc.waitFor()).as(messages).isZero();
    Process run = new ProcessBuilder(binary.toString()).start();
    String output = new String(run.getInputStream().readAllBytes(), UTF_8);
    assertThat(run.waitFor()).isZero();
    return output;
  }
}
