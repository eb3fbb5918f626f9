// SPDX-License-Identifier: MIT
package csdesign;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.have;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.lab.Labs;
import csdesign.posix.Errno;
import java.lang.foreign.Linker;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The invariants of the house, as far as they concern `core`.
class ArchitectureTest {
    private static final JavaClasses CORE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("csdesign");

    @Test
    void shouldFindTheClassesThatTheRulesAreAbout() {
        assertThat(CORE.contain(Catalog.class)).isTrue();
        assertThat(CORE.contain(Errno.class)).isTrue();
        assertThat(CORE.contain(ArchitectureTest.class)).isFalse();
    }

    /// `com.sun.management` is the JDK's own too, documented, in the module jdk.management.
    @Test
    void shouldUseNothingButTheJdk() {
        classes().should().onlyDependOnClassesThat(
                resideInAnyPackage(
                        "java..", "javax.tools..", "com.sun.management..", "csdesign.."))
                .because("core has no third-party import: its files run with a JDK alone")
                .check(CORE);
    }

    @Test
    void shouldKeepIoOutOfServices() {
        noClasses().that().resideInAPackage("csdesign.service..")
                .should().dependOnClassesThat(resideInAnyPackage(
                        "java.net..", "java.nio.channels..", "java.io..", "java.util.concurrent..",
                        "java.lang.foreign.."))
                .orShould().dependOnClassesThat(type(java.nio.file.Files.class))
                .because(
                        "a service says what goes over the wire; how it gets there is the design's")
                .check(CORE);
    }

    @Test
    void shouldKeepThreadsAndClocksOutOfServices() {
        noClasses().that().resideInAPackage("csdesign.service..")
                .should().dependOnClassesThat(
                        resideInAnyPackage("java.time..")
                                .or(type(Thread.class)).or(type(Runnable.class))
                                .or(type(ThreadLocal.class)).or(type(java.util.Date.class))
                                .or(type(java.util.Timer.class)))
                .orShould().callMethod(System.class, "nanoTime")
                .orShould().callMethod(System.class, "currentTimeMillis")
                .check(CORE);
    }

    @Test
    void shouldLetServicesStandAlone() {
        noClasses().that().resideInAPackage("csdesign.service..")
                .should().dependOnClassesThat(ours().and(
                        DescribedPredicate.not(resideInAnyPackage(
                                "csdesign.service..", "csdesign.range.."))))
                .check(CORE);
    }

    @Test
    void shouldKeepIoThreadsAndClocksOutOfTheExchange() {
        noClasses().that().haveNameMatching("csdesign\\.drive\\.Exchange.*")
                .should().dependOnClassesThat(
                        resideInAnyPackage(
                                "java.net..", "java.nio.channels..", "java.io..",
                                "java.util.concurrent..", "java.lang.foreign..", "java.time..",
                                "csdesign.posix..", "csdesign.listen..", "csdesign.wire..")
                                .or(type(java.nio.file.Files.class)).or(type(Thread.class)))
                .orShould().callMethod(System.class, "nanoTime")
                .orShould().callMethod(System.class, "currentTimeMillis")
                .because("the policy of a connection is the same for every driver")
                .check(CORE);
    }

    @Test
    void shouldLetRangesStandAlone() {
        classes().that().resideInAPackage("csdesign.range..")
                .should().onlyDependOnClassesThat(
                        resideInAnyPackage("java.lang..", "java.util..", "csdesign.range.."))
                .check(CORE);
    }

    @Test
    void shouldLetPosixStandAlone() {
        noClasses().that().resideInAPackage("csdesign.posix..")
                .should().dependOnClassesThat(ours().and(
                        DescribedPredicate.not(resideInAPackage("csdesign.posix.."))))
                .check(CORE);
    }

    /// The floors of the house, from the ground up. Rooms of one floor do not know each other,
    /// but for labs, which may look at designs.
    private static final List<List<String>> FLOORS = List.of(
            List.of("posix", "range", "service"),
            List.of("evidence"),
            List.of("kit"),
            List.of("cost"),
            List.of("listen", "wire"),
            List.of("drive"),
            List.of("spawn"),
            List.of("process"),
            List.of("fork"),
            List.of("design"),
            List.of("lab"));

    @Test
    void shouldImportNothingFromAFloorAbove() {
        Set<String> above = new HashSet<>();
        for (List<String> floor : FLOORS.reversed()) {
            for (String room : floor) {
                Set<String> hidden = new HashSet<>(above);
                floor.stream().filter(other -> !other.equals(room)).forEach(hidden::add);
                if (room.equals("service")) {
                    hidden.remove("range"); // a service's numbers come from outside too
                }
                noClasses().that().resideInAPackage("csdesign." + room + "..")
                        .should().dependOnClassesThat(resideInAnyPackage(hidden.stream()
                                .map(other -> "csdesign." + other + "..")
                                .toArray(String[]::new)))
                        .because("the floors of the house are " + FLOORS + ", from the ground up")
                        .check(CORE);
            }
            above.addAll(floor);
        }
    }

    @Test
    void shouldHaveEachPackageOnAFloor() {
        assertThat(CORE.stream().map(JavaClass::getPackageName).distinct())
                .containsExactlyInAnyOrderElementsOf(FLOORS.stream().flatMap(List::stream)
                        .map(room -> "csdesign." + room)
                        .toList());
    }

    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching("csdesign.(*)..").should().beFreeOfCycles().check(CORE);
    }

    @Test
    void shouldCallTheLinkerInPosixOnly() {
        classes().that(have(DescribedPredicate.describe("a dependency on Linker",
                type -> type.getDirectDependenciesFromSelf().stream().anyMatch(
                        dependency -> dependency.getTargetClass().isEquivalentTo(Linker.class)
                                || dependency.getTargetClass()
                                        .isEquivalentTo(Linker.Option.class)))))
                .should().resideInAPackage("csdesign.posix..")
                .check(CORE);
    }

    @Test
    void shouldNotLetADesignUseAnother() {
        for (JavaClass design : designs()) {
            Set<String> others = design.getDirectDependenciesFromSelf()
                    .stream()
                    .map(dependency -> outermost(dependency.getTargetClass()))
                    .filter(type -> type.getPackageName().equals("csdesign.design"))
                    .filter(type -> !type.equals(outermost(design)))
                    .filter(type -> !type.isEquivalentTo(Design.class))
                    .map(JavaClass::getSimpleName)
                    .collect(Collectors.toSet());
            assertThat(others).as("what %s uses", design.getName()).isEmpty();
        }
    }

    @Test
    void shouldListEveryDesignInTheCatalogAndNothingElse() {
        Set<String> files = designs().stream()
                .map(design -> outermost(design).getSimpleName() + ".java")
                .collect(Collectors.toSet());
        List<String> listed = Catalog.ENTRIES.stream().map(Design::file).toList();

        assertThat(listed).containsExactlyInAnyOrderElementsOf(files);
        assertThat(Catalog.ENTRIES.stream().map(Design::slug)).doesNotHaveDuplicates();
        for (Design entry : Catalog.ENTRIES) {
            assertThat(entry.file()).isEqualTo(camelCase(entry.slug()) + ".java");
            assertThat(Catalog.find(entry.slug())).contains(entry);
        }
        assertThat(Catalog.find("no-such-design")).isEmpty();
    }

    @Test
    void shouldListEveryLabAndNothingElse() {
        Set<String> files = CORE.stream()
                .filter(type -> type.getPackageName().equals("csdesign.lab"))
                .filter(type -> type.getEnclosingClass().isEmpty())
                .filter(type -> type.getMethods().stream().anyMatch(
                        method -> method.getName().equals("main")))
                .filter(type -> !type.isInterface())
                .map(type -> type.getSimpleName() + ".java")
                .collect(Collectors.toSet());

        assertThat(Labs.ENTRIES.stream().map(Labs.Entry::file))
                .containsExactlyInAnyOrderElementsOf(files);
        assertThat(Labs.ENTRIES.stream().map(Labs.Entry::slug)).doesNotHaveDuplicates();
        for (Labs.Entry entry : Labs.ENTRIES) {
            assertThat(entry.file()).isEqualTo(camelCase(entry.slug()) + ".java");
            assertThat(Labs.find(entry.slug())).contains(entry);
        }
        Labs.ALIASES.forEach((alias, slug) -> assertThat(Labs.find(alias)).as(alias)
                .isEqualTo(Labs.find(slug)).isPresent());
    }

    @Test
    void shouldNotLetALabUseAnother() {
        Set<String> files = Labs.ENTRIES.stream().map(Labs.Entry::file).collect(Collectors.toSet());
        for (JavaClass lab : CORE) {
            boolean isLab = lab.getPackageName().equals("csdesign.lab")
                    && files.contains(outermost(lab).getSimpleName() + ".java");
            if (isLab) {
                assertThat(lab.getDirectDependenciesFromSelf()
                        .stream()
                        .map(dependency -> outermost(dependency.getTargetClass()))
                        .filter(type -> type.getPackageName().equals("csdesign.lab"))
                        .filter(type -> !type.equals(outermost(lab)))
                        .map(type -> type.getSimpleName() + ".java"))
                        .as("what %s uses", lab.getName())
                        .noneMatch(files::contains);
            }
        }
    }

    private static String camelCase(String slug) {
        return List.of(slug.split("-", -1)).stream()
                .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                .collect(Collectors.joining());
    }

    /// A wrapper that no test calls could be bound to a wrong name for years.
    @Test
    void shouldCallEveryWrapperOfPosixInATestOfPosix() {
        JavaClasses withTests = new ClassFileImporter().importPackages("csdesign.posix");
        Set<String> uncalled = withTests.stream()
                .filter(type -> CORE.contain(type.getName()))
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> method.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(method -> method.getModifiers().contains(JavaModifier.STATIC))
                .filter(method -> !method.getOwner().isEnum())
                .filter(method -> method.getCallsOfSelf()
                        .stream()
                        .noneMatch(call -> outermost(call.getOriginOwner()).getName()
                                .endsWith("Test")))
                .map(JavaMethod::getFullName)
                .collect(Collectors.toSet());
        // The int form of setsockopt calls the one with a segment: both are called by their tests.
        assertThat(uncalled).isEmpty();
    }

    private static List<JavaClass> designs() {
        return CORE.stream()
                .filter(type -> type.getPackageName().equals("csdesign.design"))
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .filter(type -> !outermost(type).isEquivalentTo(Catalog.class))
                .filter(type -> !outermost(type).isEquivalentTo(Design.class))
                .toList();
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
    }

    private static DescribedPredicate<JavaClass> ours() {
        return resideInAPackage("csdesign..");
    }
}
