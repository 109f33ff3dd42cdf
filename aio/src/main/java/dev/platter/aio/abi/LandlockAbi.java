package dev.platter.aio.abi;

/** {@code linux/landlock.h}. */
public final class LandlockAbi {
  public static final int CREATE_RULESET_VERSION = 1;
  public static final int RULE_PATH_BENEATH = 1;
  public static final int RULE_NET_PORT = 2;

  // ABI 1
  public static final long ACCESS_FS_EXECUTE = 1L << 0;
  public static final long ACCESS_FS_WRITE_FILE = 1L << 1;
  public static final long ACCESS_FS_READ_FILE = 1L << 2;
  public static final long ACCESS_FS_READ_DIR = 1L << 3;
  public static final long ACCESS_FS_REMOVE_DIR = 1L << 4;
  public static final long ACCESS_FS_REMOVE_FILE = 1L << 5;
  public static final long ACCESS_FS_MAKE_CHAR = 1L << 6;
  public static final long ACCESS_FS_MAKE_DIR = 1L << 7;
  public static final long ACCESS_FS_MAKE_REG = 1L << 8;
  public static final long ACCESS_FS_MAKE_SOCK = 1L << 9;
  public static final long ACCESS_FS_MAKE_FIFO = 1L << 10;
  public static final long ACCESS_FS_MAKE_BLOCK = 1L << 11;
  public static final long ACCESS_FS_MAKE_SYM = 1L << 12;
  // ABI 2
  public static final long ACCESS_FS_REFER = 1L << 13;
  // ABI 3
  public static final long ACCESS_FS_TRUNCATE = 1L << 14;
  // ABI 5
  public static final long ACCESS_FS_IOCTL_DEV = 1L << 15;

  // ABI 4
  public static final long ACCESS_NET_BIND_TCP = 1L << 0;
  public static final long ACCESS_NET_CONNECT_TCP = 1L << 1;

  // ABI 6
  public static final long SCOPE_ABSTRACT_UNIX_SOCKET = 1L << 0;
  public static final long SCOPE_SIGNAL = 1L << 1;

  // ABI 7
  public static final int RESTRICT_SELF_LOG_NEW_EXEC_ON = 1 << 1;

  // struct landlock_ruleset_attr: three 64-bit words. A kernel that knows fewer takes the longer
  // struct as long as what it does not know is 0.
  public static final int RULESET_ATTR_SIZE = 24;
  public static final int RULESET_ATTR_HANDLED_ACCESS_FS = 0;
  public static final int RULESET_ATTR_HANDLED_ACCESS_NET = 8;
  public static final int RULESET_ATTR_SCOPED = 16;

  // struct landlock_path_beneath_attr, packed
  public static final int PATH_BENEATH_ATTR_SIZE = 12;
  public static final int PATH_BENEATH_ATTR_ALLOWED_ACCESS = 0;
  public static final int PATH_BENEATH_ATTR_PARENT_FD = 8;

  // struct landlock_net_port_attr
  public static final int NET_PORT_ATTR_SIZE = 16;
  public static final int NET_PORT_ATTR_ALLOWED_ACCESS = 0;
  public static final int NET_PORT_ATTR_PORT = 8;

  private LandlockAbi() {}
}
