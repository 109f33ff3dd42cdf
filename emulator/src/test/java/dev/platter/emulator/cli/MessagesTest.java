package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.guestimages.Guest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * No message names a Java exception: what Platter's classes make words of is looked at, in their
 * code.
 */
class MessagesTest {
  /** Bugs, which are told with their trace, and who makes words of reasons for all others. */
  private static final Set<String> MAY =
      Set.of(
          "dev.platter.aio.file.IoReason.of",
          "dev.platter.guestimages.GuestImageException.reason",
          "dev.platter.emulator.cli.shared.FailureHandler.report",
          "dev.platter.emulator.cli.shared.Signals.refused",
          "dev.platter.emulator.server.control.ControlConnection.answer",
          "dev.platter.emulator.export.ExportServer.serve",
          "dev.platter.emulator.lab.LabRun.of");

  private final Set<String> found = new TreeSet<>();
  private int looked;

  @Test
  void noExceptionBecomesTextByItself() throws Exception {
    Set<Path> places = new LinkedHashSet<>();
    for (Class<?> each :
        List.of(PlatterException.class, RawImage.class, Guest.class, Platter.class)) {
      places.add(Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI()));
    }
    for (Path place : places) {
      if (Files.isDirectory(place)) {
        look(place);
      } else {
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
          look(jar.getPath("/"));
        }
      }
    }
    assertThat(looked).isGreaterThan(500);
    assertThat(found).isEmpty();
  }

  /** The look sees what it looks for. */
  @Test
  void anExceptionThatBecomesTextIsSeen() throws IOException {
    try (var in = MessagesTest.class.getResourceAsStream("MessagesTest$Careless.class")) {
      assertThat(in).isNotNull();
      look(ClassFile.of().parse(in.readAllBytes()));
    }
    assertThat(found).hasSize(3);
  }

  /** What must not be done. */
  @SuppressWarnings("unused") // its code is looked at
  private static final class Careless {
    private final List<String> words = new ArrayList<>();

    void concatenates(IOException e) {
      words.add("cannot do it: " + e);
    }

    void asksForTheMessage(IOException e) {
      words.add(String.valueOf(e.getMessage()));
    }

    void asksForText(IllegalStateException e) {
      words.add(e.toString());
    }
  }

  private void look(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(MessagesTest::isOurs).toList()) {
        look(ClassFile.of().parse(Files.readAllBytes(file)));
      }
    }
  }

  /** Where tests lie beside what they test, they may say what they want. */
  private static boolean isOurs(Path file) {
    String name = file.toString();
    return name.endsWith(".class")
        && name.contains("dev/platter/")
        && !name.matches(".*(Test|IT|ConfinedChild|vfiouser/Guest|page/Pages)(\\$.*)?\\.class");
  }

  private void look(ClassModel model) {
    looked++;
    String owner = model.thisClass().asInternalName().replace('/', '.');
    for (MethodModel method : model.methods()) {
      String name = method.methodName().stringValue().replaceAll("^lambda\\$(\\w+)\\$.*", "$1");
      String place = owner.replaceAll("\\$.*", "") + "." + name;
      if (MAY.contains(place)) {
        continue;
      }
      method.code().ifPresent(code -> look(code, owner + "." + name));
    }
  }

  private void look(CodeModel code, String place) {
    List<CodeElement> elements = code.elementList();
    List<LocalVariable> variables = new ArrayList<>();
    Map<Label, Integer> labels = new HashMap<>();
    for (int i = 0; i < elements.size(); i++) {
      switch (elements.get(i)) {
        case LocalVariable variable -> variables.add(variable);
        case LabelTarget target -> labels.put(target.label(), i);
        default -> {
          // Looked at below, when all variables are known.
        }
      }
    }
    LoadInstruction loaded = null;
    for (int i = 0; i < elements.size(); i++) {
      if (elements.get(i) instanceof InvokeInstruction call) {
        int slot = loaded == null ? -1 : loaded.slot();
        int at = i;
        boolean exception =
            variables.stream()
                .filter(one -> one.slot() == slot && is(one.typeSymbol(), Throwable.class))
                .anyMatch(one ->
                    labels.getOrDefault(one.startScope(), 0) <= at
                        && at < labels.getOrDefault(one.endScope(), elements.size()));
        if (isCareless(call, exception)) {
          found.add(place + " makes a text of an exception by " + call.name().stringValue());
        }
      }
      if (elements.get(i) instanceof Instruction) {
        loaded = elements.get(i) instanceof LoadInstruction load ? load : null;
      }
    }
  }

  /**
   * Looks at a call.
   *
   * @param exception whether its last argument is a variable that holds an exception
   */
  private static boolean isCareless(InvokeInstruction call, boolean exception) {
    ClassDesc owner = call.owner().asSymbol();
    return switch (call.name().stringValue()) {
      // Also for what is joined to a text by a plus sign.
      case "valueOf" -> exception && is(owner, String.class);
      // Of Throwable itself: by the compiler, for record patterns.
      case "toString" -> is(owner, Throwable.class) && !owner.equals(ConstantDescs.CD_Throwable);
      case "getMessage" -> is(owner, IOException.class) || is(owner, UncheckedIOException.class);
      default -> false;
    };
  }

  private static boolean is(ClassDesc type, Class<?> what) {
    if (!type.isClassOrInterface()) {
      return false;
    }
    String name = type.descriptorString().replaceAll("^L|;$", "").replace('/', '.');
    try {
      return what.isAssignableFrom(Class.forName(name, false, MessagesTest.class.getClassLoader()));
    } catch (ClassNotFoundException | LinkageError e) {
      return false; // a library that is not there
    }
  }
}
