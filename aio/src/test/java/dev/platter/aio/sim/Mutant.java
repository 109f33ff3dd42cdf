package dev.platter.aio.sim;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/**
 * A bug to plant: one instruction of one method is another.
 *
 * @param className the class, by its full name
 * @param method the method, by its name
 * @param change what is wrong with it
 */
public record Mutant(String className, String method, Change change) {
  /** What is wrong. */
  public sealed interface Change {}

  /**
   * A call is left out; its result is 0, false or null.
   *
   * @param callee the name of the method that is called
   * @param which of its calls in the method, from 0
   */
  public record Lost(String callee, int which) implements Change {}

  /**
   * A condition is the opposite.
   *
   * @param which of the method's conditional branches, from 0
   */
  public record Inverted(int which) implements Change {}

  /** The call to {@code callee} is left out. */
  public static Mutant without(String className, String method, String callee) {
    return new Mutant(className, method, new Lost(callee, 0));
  }

  /** A conditional branch of a method is inverted. */
  public static Mutant inverted(String className, String method, int which) {
    return new Mutant(className, method, new Inverted(which));
  }

  /** Whether the bug is in a method, by its names; lambdas belong to the method around them. */
  boolean isIn(String inClass, String inMethod) {
    return className.equals(inClass)
        && (method.equals(inMethod) || inMethod.startsWith("lambda$" + method + "$"));
  }

  /** A transformation for the method, before all others. */
  CodeTransform transform(Runnable planted) {
    return new CodeTransform() {
      private int seen;

      @Override
      public void accept(CodeBuilder out, CodeElement element) {
        boolean counts =
            switch (change) {
              case Lost lost ->
                  element instanceof InvokeInstruction call
                      && call.name().stringValue().equals(lost.callee);
              case Inverted _ ->
                  element instanceof BranchInstruction branch && isConditional(branch.opcode());
            };
        int which = change instanceof Lost lost ? lost.which : ((Inverted) change).which;
        if (counts && seen++ == which) {
          planted.run();
          plant(out, element);
        } else {
          out.with(element);
        }
      }
    };
  }

  private static void plant(CodeBuilder out, CodeElement element) {
    if (element instanceof BranchInstruction branch) {
      out.branch(opposite(branch.opcode()), branch.target());
      return;
    }
    InvokeInstruction call = (InvokeInstruction) element;
    MethodTypeDesc type = call.typeSymbol();
    for (int i = type.parameterCount() - 1; i >= 0; i--) {
      pop(out, type.parameterType(i));
    }
    if (call.opcode() != Opcode.INVOKESTATIC) {
      out.pop();
    }
    switch (TypeKind.from(type.returnType())) {
      case VOID -> {}
      case REFERENCE -> out.aconst_null();
      case LONG -> out.lconst_0();
      case DOUBLE -> out.dconst_0();
      case FLOAT -> out.fconst_0();
      default -> out.iconst_0();
    }
  }

  private static void pop(CodeBuilder out, ClassDesc type) {
    if (TypeKind.from(type).slotSize() == 2) {
      out.pop2();
    } else {
      out.pop();
    }
  }

  private static boolean isConditional(Opcode opcode) {
    return opcode != Opcode.GOTO && opcode != Opcode.GOTO_W;
  }

  private static Opcode opposite(Opcode opcode) {
    return switch (opcode) {
      case IFEQ -> Opcode.IFNE;
      case IFNE -> Opcode.IFEQ;
      case IFLT -> Opcode.IFGE;
      case IFGE -> Opcode.IFLT;
      case IFGT -> Opcode.IFLE;
      case IFLE -> Opcode.IFGT;
      case IFNULL -> Opcode.IFNONNULL;
      case IFNONNULL -> Opcode.IFNULL;
      case IF_ICMPEQ -> Opcode.IF_ICMPNE;
      case IF_ICMPNE -> Opcode.IF_ICMPEQ;
      case IF_ICMPLT -> Opcode.IF_ICMPGE;
      case IF_ICMPGE -> Opcode.IF_ICMPLT;
      case IF_ICMPGT -> Opcode.IF_ICMPLE;
      case IF_ICMPLE -> Opcode.IF_ICMPGT;
      case IF_ACMPEQ -> Opcode.IF_ACMPNE;
      case IF_ACMPNE -> Opcode.IF_ACMPEQ;
      default -> throw new IllegalArgumentException("no condition: " + opcode);
    };
  }
}
