package dev.platter.it;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.platter.it.planted.cli.PlantedHigh;
import dev.platter.it.planted.text.PlantedLow;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of the design that javac does not check, on the main classes of every module. */
class ArchitectureTest {
  private static final String FENCE = "dev.platter.aio.sys..";

  /** The restricted methods of the JDK, by owner; Linker and SymbolLookup are fenced off whole. */
  private static final Map<Class<?>, Set<String>> RESTRICTED =
      Map.of(
          MemorySegment.class, Set.of("reinterpret"),
          AddressLayout.class, Set.of("withTargetLayout"),
          ModuleLayer.Controller.class, Set.of("enableNativeAccess"),
          Runtime.class, Set.of("load", "loadLibrary"),
          System.class, Set.of("load", "loadLibrary"));

  private static final ArchRule NATIVE_ACCESS_IS_FENCED =
      noClasses()
          .that()
          .resideOutsideOfPackage(FENCE)
          .should()
          .dependOnClassesThat(belongToAnyOf(Linker.class, SymbolLookup.class))
          .orShould()
          .accessTargetWhere(
              describe("the target is a restricted method", ArchitectureTest::isRestricted))
          .because("only dev.platter.aio.sys may step outside the JVM's memory safety");

  /** The emulator's packages from the top down; each knows only what stands below it. */
  private static final List<List<String>> FLOORS =
      List.of(
          List.of("cli"),
          List.of("cli.run", "cli.serve", "cli.ctl", "cli.guest", "cli.lab", "cli.image"),
          List.of("cli.shared"),
          List.of("lab..", "doctor"),
          List.of("result.page"),
          List.of("result"),
          List.of("guest"),
          List.of("server.embed"),
          List.of("server.control", "server.metrics", "server.options"),
          List.of("server.confine"),
          List.of("server"),
          List.of("server.config"),
          List.of("measure.workload"),
          List.of("measure.machine", "measure.stages"),
          List.of("export.vhostuser", "export.vfiouser"),
          List.of("export"),
          List.of("host.disk"),
          List.of("host"),
          List.of("text", "result.document"));

  private static final ArchRule NO_CIRCLES =
      slices()
          .matching("dev.platter.(**)")
          .should()
          .beFreeOfCycles()
          .because("packages in a circle can only be read, tested and changed together");

  private static JavaClasses classes;

  @BeforeAll
  static void importMainClasses() {
    classes =
        new ClassFileImporter()
            // target/test-classes, and quick-test-classes of -Pquick, which ArchUnit does not know.
            .withImportOption(location -> !location.contains("test-classes/"))
            .importPackages("dev.platter");
  }

  @Test
  void classesOfEveryCodeModuleAreSeen() {
    assertThat(Stream.of("aio", "devices", "emulator").map(module -> "dev.platter." + module))
        .allSatisfy(module ->
            assertThat(classes.getPackage(module).getClassesInPackageTree())
                .as(module)
                .anyMatch(type -> !isPackageInfo(type)));
  }

  @Test
  void onlySysUsesNativeAccess() {
    NATIVE_ACCESS_IS_FENCED.check(classes);
  }

  @Test
  void theFenceRuleBites() {
    assertThat(
            Stream.of(CallsReinterpret.class, RefersToReinterpret.class, HoldsLinker.class)
                .map(offender -> new ClassFileImporter().importClasses(offender)))
        .allMatch(offender -> NATIVE_ACCESS_IS_FENCED.evaluate(offender).hasViolation());
  }

  @Test
  void modulesDependOnlyDownwards() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("aio")
        .definedBy("dev.platter.aio..")
        .layer("devices")
        .definedBy("dev.platter.devices..")
        .layer("emulator")
        .definedBy("dev.platter.emulator..")
        .layer("guest-images")
        .definedBy("dev.platter.guestimages..")
        .layer("testcontainers")
        .definedBy("dev.platter.testcontainers..")
        .optionalLayer("it-tests")
        .definedBy("dev.platter.it..")
        .whereLayer("aio")
        .mayNotAccessAnyLayer()
        .whereLayer("devices")
        .mayOnlyAccessLayers("aio")
        .whereLayer("emulator")
        .mayOnlyAccessLayers("aio", "devices", "guest-images")
        .whereLayer("guest-images")
        .mayNotAccessAnyLayer()
        .whereLayer("testcontainers")
        .mayNotAccessAnyLayer()
        .ensureAllClassesAreContainedInArchitecture()
        .check(classes);
  }

  /** What no package may do that stands on a floor. */
  private static ArchRule downwards(String root, int floor) {
    String[] above = packages(root, FLOORS.subList(0, floor).stream().flatMap(List::stream));
    return noClasses()
        .that()
        .resideInAnyPackage(packages(root, FLOORS.get(floor).stream()))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(above);
  }

  private static String[] packages(String root, Stream<String> names) {
    return names.map(name -> root + "." + name).toArray(String[]::new);
  }

  @Test
  void packagesOfTheEmulatorDependOnlyDownwards() {
    for (int floor = 1; floor < FLOORS.size(); floor++) {
      downwards("dev.platter.emulator", floor).check(classes);
    }
    String[] all = packages("dev.platter.emulator", FLOORS.stream().flatMap(List::stream));
    classes()
        .that()
        .resideInAPackage("dev.platter.emulator..")
        .should()
        .resideInAnyPackage(all)
        .check(classes);
  }

  @Test
  void noPackagesAreInACircle() {
    NO_CIRCLES.check(classes);
  }

  @Test
  void theRulesOfPackagesBite() {
    JavaClasses planted =
        new ClassFileImporter().importClasses(PlantedLow.class, PlantedHigh.class);
    assertThat(NO_CIRCLES.evaluate(planted).hasViolation()).isTrue();
    assertThat(
            downwards("dev.platter.it.planted", FLOORS.size() - 1).evaluate(planted).hasViolation())
        .isTrue();
  }

  /** Readers, searches and stack traces know classes by their simple names. */
  @Test
  void noTwoClassesShareAName() {
    Map<String, List<String>> packages =
        classes.stream()
            .filter(type -> type.isTopLevelClass() && !isPackageInfo(type))
            .collect(
                groupingBy(JavaClass::getSimpleName, mapping(JavaClass::getPackageName, toList())));
    assertThat(packages)
        .hasSizeGreaterThan(500)
        .allSatisfy((name, all) -> assertThat(all).as("packages with a " + name).hasSize(1));
  }

  /** Jobs of a guest are named as the commands that they run; other nested classes as no class. */
  @Test
  void noNestedClassHasTheNameOfAClass() {
    List<String> names =
        classes.stream().filter(JavaClass::isTopLevelClass).map(JavaClass::getSimpleName).toList();
    assertThat(classes)
        .filteredOn(type -> type.isNestedClass() && names.contains(type.getSimpleName()))
        .extracting(JavaClass::getName)
        .allMatch(name -> name.startsWith("dev.platter.guestimages.GuestJob$"));
  }

  /** What serves PCI functions knows their contract and the words of it, but no device. */
  private static ArchRule knowsNoDevice(String server) {
    return noClasses()
        .that()
        .resideInAPackage(server)
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.platter.devices..")
                .and(
                    resideOutsideOfPackages(
                        "dev.platter.devices.pci..",
                        "dev.platter.devices.bus..",
                        "dev.platter.devices.memory..")));
  }

  @Test
  void vfioUserKnowsNoDevice() {
    knowsNoDevice("dev.platter.emulator.export.vfiouser..").check(classes);
    assertThat(knowsNoDevice("dev.platter.devices.ahci..").evaluate(classes).hasViolation())
        .isTrue();
  }

  /** Who may know raw images, as opposed to the contract of disks. */
  private static ArchRule onlyKnowRawImages(String... packages) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(packages)
        .should()
        .dependOnClassesThat(resideInAPackage("dev.platter.devices.block.raw.."));
  }

  @Test
  void whatOpensDisksAloneKnowsRawImages() {
    String raw = "dev.platter.devices.block.raw..";
    onlyKnowRawImages(raw, "dev.platter.emulator.host.disk..").check(classes);
    assertThat(onlyKnowRawImages(raw).evaluate(classes).hasViolation()).isTrue();
  }

  /** The data path has no library: each stays with what it is for. */
  @ParameterizedTest
  @CsvSource({
    "io.micrometer.., dev.platter.emulator.server.metrics..",
    "io.prometheus.., dev.platter.emulator.server.metrics..",
    "com.sun.net.httpserver.., dev.platter.emulator.server.metrics..",
    "org.snakeyaml.., dev.platter.emulator.server.options..",
    "org.testcontainers.., dev.platter.testcontainers..",
  })
  void librariesStayWhereTheyAreUsed(String library, String user) {
    noClasses()
        .that()
        .resideOutsideOfPackage(user)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(classes);
    assertThat(classes.stream())
        .anyMatch(type ->
            type.getPackageName().startsWith(user.substring(0, user.length() - 2))
                && type.getDirectDependenciesFromSelf().stream()
                    .anyMatch(dependency -> isIn(library, dependency.getTargetClass())));
  }

  private static boolean isIn(String packages, JavaClass type) {
    return type.getPackageName().startsWith(packages.substring(0, packages.length() - 2));
  }

  @Test
  void everyPackageIsNullMarked() {
    assertThat(classes.stream().map(JavaClass::getPackage).distinct())
        .isNotEmpty()
        .allMatch(ArchitectureTest::isNullMarked, "has a package-info with @NullMarked");
  }

  private static boolean isRestricted(JavaAccess<?> access) {
    return RESTRICTED.entrySet().stream()
        .anyMatch(entry ->
            access.getTargetOwner().isEquivalentTo(entry.getKey())
                && entry.getValue().contains(access.getTarget().getName()));
  }

  private static boolean isNullMarked(JavaPackage javaPackage) {
    return javaPackage
        .tryGetPackageInfo()
        .map(info -> info.isAnnotatedWith(NullMarked.class))
        .orElse(false);
  }

  private static boolean isPackageInfo(JavaClass type) {
    return type.getSimpleName().equals("package-info");
  }

  @SuppressWarnings({"restricted", "unused"})
  private static final class CallsReinterpret {
    MemorySegment widen(MemorySegment segment) {
      return segment.reinterpret(Long.MAX_VALUE);
    }
  }

  @SuppressWarnings({"restricted", "unused"})
  private static final class RefersToReinterpret {
    LongFunction<MemorySegment> widen(MemorySegment segment) {
      return segment::reinterpret;
    }
  }

  @SuppressWarnings("unused")
  private static final class HoldsLinker {
    Linker linker = Linker.nativeLinker();
  }
}
