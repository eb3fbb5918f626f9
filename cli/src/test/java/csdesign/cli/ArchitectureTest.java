// SPDX-License-Identifier: MIT
package csdesign.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import csdesign.design.Catalog;
import csdesign.design.Design;
import org.junit.jupiter.api.Test;

/// The invariants of the house that concern all its modules; `core` holds its own in its own test.
class ArchitectureTest {
    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("csdesign");

    @Test
    void shouldFindTheClassesOfEveryModule() {
        for (String module : new String[] {"design", "client", "bench", "cli"}) {
            assertThat(ALL.stream().filter(type -> type.getPackageName()
                    .startsWith("csdesign." + module))).as(module).isNotEmpty();
        }
    }

    @Test
    void shouldKnowPicocliInTheCommandLineOnly() {
        noClasses().that().resideOutsideOfPackage("csdesign.cli..")
                .should().dependOnClassesThat().resideInAPackage("picocli..")
                .check(ALL);
    }

    /// Who wants a design asks the [Catalog]: a list of designs elsewhere would name them.
    @Test
    void shouldNameDesignsInTheCatalogOnly() {
        DescribedPredicate<JavaClass> design = resideInAPackage("csdesign.design..")
                .and(DescribedPredicate.describe("are a design", type -> !isCatalogOrDesign(type)));
        noClasses().that().resideOutsideOfPackage("csdesign.design..")
                .should().dependOnClassesThat(design)
                .check(ALL);
    }

    private static boolean isCatalogOrDesign(JavaClass type) {
        JavaClass outermost = type;
        while (outermost.getEnclosingClass().isPresent()) {
            outermost = outermost.getEnclosingClass().get();
        }
        return outermost.isEquivalentTo(Catalog.class) || outermost.isEquivalentTo(Design.class);
    }

    @Test
    void shouldCallTheLinkerInPosixOnly() {
        noClasses().that().resideOutsideOfPackage("csdesign.posix..")
                .should().dependOnClassesThat().haveNameMatching("java\\.lang\\.foreign\\.Linker.*")
                .check(ALL);
    }

    @Test
    void shouldLetNobodyUseTheCommandLine() {
        noClasses().that().resideOutsideOfPackage("csdesign.cli..")
                .should().dependOnClassesThat().resideInAPackage("csdesign.cli..")
                .check(ALL);
    }
}
