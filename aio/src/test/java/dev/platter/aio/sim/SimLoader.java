package dev.platter.aio.sim;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.AccessFlags;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Loads Platter's own classes once more, with the simulated kernel in place of Linux, and with a
 * point where a thread may lose the processor before each access to what threads share: volatile
 * fields, VarHandles, atomics, monitors. Nothing else of the code is different, and the code that
 * users run has no trace of it.
 */
final class SimLoader extends ClassLoader {
  private static final String OURS = "dev.platter.";
  private static final String SIMULATION = "dev.platter.aio.sim.Sim";
  private static final ClassDesc HOOKS = ClassDesc.of("dev.platter.aio.sim.SimHooks");
  private static final ClassDesc BUILDER = ClassDesc.of("dev.platter.aio.sim.SimThreadBuilder");
  private static final ClassDesc MAPPING = ClassDesc.of("dev.platter.aio.sys.Mapping");
  private static final ClassDesc SEGMENT = ClassDesc.of("java.lang.foreign.MemorySegment");
  private static final String OF_PLATFORM = "java/lang/Thread$Builder$OfPlatform";

  /** Methods of others, as owner.name, and the hooks that take their places. */
  private static final Map<String, String> REPLACED =
      Map.ofEntries(
          Map.entry("java/lang/System.nanoTime", "nanoTime"),
          Map.entry("java/lang/Thread.onSpinWait", "onSpinWait"),
          Map.entry("java/lang/Thread.yield", "onSpinWait"),
          Map.entry("java/util/concurrent/locks/LockSupport.parkNanos", "parkNanos"));

  /** Methods of ours that ask the kernel, as owner.name: the hooks of the same name do it. */
  private static final Set<String> KERNEL =
      Set.of(
          "dev/platter/aio/sys/Syscalls.ioUringSetup",
          "dev/platter/aio/sys/Syscalls.ioUringEnter",
          "dev/platter/aio/sys/Syscalls.ioUringRegister",
          "dev/platter/aio/sys/Syscalls.futex",
          "dev/platter/aio/sys/Syscalls.signalEventFd",
          "dev/platter/aio/sys/Libc.eventfd",
          "dev/platter/aio/sys/Libc.close",
          "dev/platter/aio/sys/Libc.poll");

  private static final Set<String> SHARED =
      Set.of(
          "java/lang/invoke/VarHandle",
          "java/util/concurrent/atomic/AtomicInteger",
          "java/util/concurrent/atomic/AtomicLong",
          "java/util/concurrent/atomic/AtomicBoolean",
          "java/util/concurrent/atomic/AtomicReference",
          "java/util/concurrent/CountDownLatch",
          "java/util/concurrent/CompletableFuture");

  static {
    registerAsParallelCapable();
  }

  private final @Nullable Mutant mutant;
  private boolean planted;

  SimLoader() {
    this(null);
  }

  /** Loads classes with a bug in one of them. */
  SimLoader(@Nullable Mutant mutant) {
    super(SimLoader.class.getClassLoader());
    this.mutant = mutant;
  }

  /** Whether the class with the bug was loaded, and has what the bug changes. */
  boolean isPlanted() {
    return planted;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS) || name.startsWith(SIMULATION)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null ? define(name) : loaded;
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    String file = name.replace('.', '/') + ".class";
    try (InputStream in = getParent().getResourceAsStream(file)) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] changed = changed(in.readAllBytes());
      return defineClass(name, changed, 0, changed.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private byte[] changed(byte[] bytes) {
    ClassFile classFile =
        ClassFile.of(
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(getParent())
                    .orElse(ClassHierarchyResolver.defaultResolver())));
    ClassModel model = classFile.parse(bytes);
    Set<String> volatiles = volatileFields(model);
    ClassTransform transform =
        (builder, element) -> {
          if (element instanceof MethodModel method && method.code().isPresent()) {
            method(builder, model, method, volatiles);
          } else {
            builder.with(element);
          }
        };
    return classFile.transformClass(model, transform);
  }

  private static Set<String> volatileFields(ClassModel model) {
    Set<String> names = new HashSet<>();
    model.fields().stream()
        .filter(field -> field.flags().has(AccessFlag.VOLATILE))
        .forEach(field -> names.add(field.fieldName().stringValue()));
    return names;
  }

  private void method(
      ClassBuilder builder, ClassModel model, MethodModel method, Set<String> volatiles) {
    if (KERNEL.contains(model.thisClass().asInternalName() + "." + method.methodName())) {
      builder.withMethodBody(
          method.methodName(),
          method.methodType(),
          method.flags().flagsMask(),
          out -> hooked(out, method));
      return;
    }
    if (method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME)) {
      // Runs once, in whichever run comes first: no choice may depend on it.
      builder.with(method);
      return;
    }
    CodeTransform change = (out, element) -> change(out, element, volatiles);
    if (method.flags().has(AccessFlag.SYNCHRONIZED)) {
      boolean isStatic = method.flags().has(AccessFlag.STATIC);
      change = new Synchronized(isStatic ? model.thisClass().asSymbol() : null).andThen(change);
    }
    if (mutant != null
        && mutant.isIn(
            model.thisClass().asInternalName().replace('/', '.'),
            method.methodName().stringValue())) {
      change = mutant.transform(() -> planted = true).andThen(change);
    }
    CodeTransform all = change;
    builder.withMethod(
        method.methodName(),
        method.methodType(),
        method.flags().flagsMask() & ~ClassFile.ACC_SYNCHRONIZED,
        out ->
            method.forEach(part -> {
              if (part instanceof CodeModel code) {
                out.transformCode(code, all);
              } else if (!(part instanceof AccessFlags)) {
                out.with(part);
              }
            }));
  }

  /** The code of a synchronized method, inside of a monitor of the simulation. */
  private static final class Synchronized implements CodeTransform {
    private final @Nullable ClassDesc owner;
    private int object;
    private @Nullable Label begin;

    /**
     * For one method.
     *
     * @param owner the class whose monitor it is, for a static method; else null
     */
    Synchronized(@Nullable ClassDesc owner) {
      this.owner = owner;
    }

    @Override
    public void atStart(CodeBuilder out) {
      object = out.allocateLocal(TypeKind.REFERENCE);
      if (owner == null) {
        out.aload(0);
      } else {
        out.loadConstant(owner);
      }
      out.dup().astore(object);
      hook(out, "monitorEnter", ConstantDescs.CD_Object);
      begin = out.newBoundLabel();
    }

    @Override
    public void accept(CodeBuilder out, CodeElement element) {
      if (element instanceof ReturnInstruction) {
        out.aload(object);
        hook(out, "monitorExit", ConstantDescs.CD_Object);
      }
      out.with(element);
    }

    @Override
    public void atEnd(CodeBuilder out) {
      Label end = out.newBoundLabel();
      out.exceptionCatchAll(Objects.requireNonNull(begin), end, end);
      out.aload(object);
      hook(out, "monitorExit", ConstantDescs.CD_Object);
      out.athrow();
    }
  }

  /** A method that hands all its parameters to the hook of its name. */
  private static void hooked(CodeBuilder out, MethodModel method) {
    MethodTypeDesc type = method.methodTypeSymbol();
    for (int i = 0; i < type.parameterCount(); i++) {
      out.loadLocal(TypeKind.from(type.parameterType(i)), out.parameterSlot(i));
    }
    out.invokestatic(HOOKS, method.methodName().stringValue(), type);
    out.return_(TypeKind.from(type.returnType()));
  }

  private static void hook(CodeBuilder out, String name, ClassDesc... parameters) {
    out.invokestatic(HOOKS, name, MethodTypeDesc.of(ConstantDescs.CD_void, parameters));
  }

  private static void point(CodeBuilder out) {
    hook(out, "point");
  }

  private static void change(CodeBuilder out, CodeElement element, Set<String> volatiles) {
    switch (element) {
      case MonitorInstruction monitor ->
          hook(
              out,
              monitor.opcode() == Opcode.MONITORENTER ? "monitorEnter" : "monitorExit",
              ConstantDescs.CD_Object);
      case FieldInstruction field -> {
        if (volatiles.contains(field.name().stringValue())) {
          point(out);
        }
        out.with(field);
      }
      case InvokeInstruction call -> call(out, call);
      default -> out.with(element);
    }
  }

  private static void call(CodeBuilder out, InvokeInstruction call) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    MethodTypeDesc type = call.typeSymbol();
    String replacement = REPLACED.get(owner + "." + name);
    if (replacement != null) {
      out.invokestatic(HOOKS, replacement, type);
    } else if (owner.equals("dev/platter/aio/sys/Mapping") && name.equals("ofFile")) {
      out.invokestatic(HOOKS, "mapping", type.changeReturnType(ConstantDescs.CD_long));
      out.invokestatic(MAPPING, "anonymous", MethodTypeDesc.of(MAPPING, ConstantDescs.CD_long));
      out.dup().invokevirtual(MAPPING, "segment", MethodTypeDesc.of(SEGMENT));
      hook(out, "mapped", SEGMENT);
    } else if (owner.equals("java/lang/Thread") && name.equals("ofPlatform")) {
      out.invokestatic(HOOKS, "ofPlatform", MethodTypeDesc.of(BUILDER));
    } else if (owner.equals(OF_PLATFORM)) {
      boolean itself = type.returnType().descriptorString().equals("L" + OF_PLATFORM + ";");
      out.invokevirtual(BUILDER, name, itself ? type.changeReturnType(BUILDER) : type);
    } else if (owner.equals("java/lang/Thread")
        && name.equals("join")
        && type.parameterCount() == 1) {
      out.invokestatic(
          HOOKS, "join", type.insertParameterTypes(0, ClassDesc.of("java.lang.Thread")));
    } else if (owner.equals("java/util/concurrent/CountDownLatch")
        && name.equals("await")
        && type.parameterCount() == 2) {
      out.invokestatic(
          HOOKS,
          "await",
          type.insertParameterTypes(0, ClassDesc.of("java.util.concurrent.CountDownLatch")));
    } else if (isOfObject(call, "wait")) {
      out.invokestatic(HOOKS, "objectWait", type.insertParameterTypes(0, ConstantDescs.CD_Object));
    } else if (isOfObject(call, "notifyAll")) {
      hook(out, "notifyAll", ConstantDescs.CD_Object);
    } else {
      if (SHARED.contains(owner)) {
        point(out);
      }
      out.with(call);
    }
  }

  private static boolean isOfObject(InvokeInstruction call, String name) {
    return call.opcode() == Opcode.INVOKEVIRTUAL
        && call.name().stringValue().equals(name)
        && call.typeSymbol().returnType().equals(ConstantDescs.CD_void)
        && (call.typeSymbol().parameterCount() == 0
            || call.typeSymbol().parameterType(0).equals(ConstantDescs.CD_long));
  }
}
