// SPDX-License-Identifier: MIT
package csdesign.fork;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import csdesign.drive.Interest;
import csdesign.posix.Errno;
import csdesign.service.Service;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// What a forked child can rely on.
class ForkedChildTest {
    /// In the package of the readiness driver, but not run by a child.
    private static final List<String> OTHER_DRIVERS = List.of(
            "BlockingDriver", "ChannelWire", "DescriptorWire", "Wire", "CompletionDriver");

    /// Named in what a child runs, but for the parent, which accepts and hears signals.
    private static final Set<String> PARENTS = Set.of(
            "csdesign.fork.ForkWarmUp", "csdesign.fork.ForkedChildren", "csdesign.fork.ForkingJvm",
            "csdesign.fork.HugePages", "csdesign.fork.PolledControl",
            "csdesign.fork.SignalDescriptor");

    /// Named there, but run by the parent alone: to accept, to read arguments, to map memory.
    private static final Set<String> UNLOADED = Set.of(
            "csdesign.listen.ListeningSocket", "csdesign.listen.StopDescriptor",
            "csdesign.range.NamedWords", "csdesign.range.Range", "csdesign.posix.SysMman");

    /// A class that a child loads for itself is read through a descriptor that it shares with all
    /// other children. So every class that the child's code names is loaded before.
    @Test
    void shouldFindEveryClassLoaded() {
        Set<String> missing = new TreeSet<>();
        for (JavaClass type : childsClasses()) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                String name = dependency.getTargetClass().getBaseComponentType().getName();
                if (name.startsWith("csdesign.") && !UNLOADED.contains(name)
                        && !ForkingJvm.isForAChild(name.replace('.', '/') + ".class")) {
                    missing.add(type.getName() + " needs " + name);
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    private static List<JavaClass> childsClasses() {
        List<JavaClass> classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(
                        Service.class.getPackageName(),
                        Interest.class.getPackageName(),
                        ForkedChild.class.getPackageName())
                .stream()
                .filter(type -> OTHER_DRIVERS.stream().noneMatch(type.getSimpleName()::startsWith)
                        && OTHER_DRIVERS.stream()
                                .noneMatch(other -> type.getName().contains("." + other + "$"))
                        && PARENTS.stream().noneMatch(
                                other -> type.getName().equals(other)
                                        || type.getName().startsWith(other + "$")))
                .toList();
        assertThat(classes).extracting(JavaClass::getName)
                .contains(ForkedChild.class.getName(), Service.class.getName());
        return classes;
    }

    @Test
    void shouldNotLoadWhatOnlyTheParentRuns() {
        assertThat(ForkingJvm.isForAChild("csdesign/posix/SysSocket$Recv.class")).isTrue();
        assertThat(ForkingJvm.isForAChild("csdesign/posix/SysSocketExtra.class")).isFalse();
        assertThat(ForkingJvm.isForAChild("csdesign/lab/Rst.class")).isFalse();
        assertThat(ForkingJvm.isForAChild("csdesign/service/Bytes.txt")).isFalse();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldBeLateOnceItsTimeHasPassed() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Heartbeats heartbeats = Heartbeats.share(Errno.allocate(arena), 2);
            long before = System.nanoTime();
            heartbeats.expectWithin(1, 1_000);
            long after = System.nanoTime();
            assertThat(heartbeats.lateNanos(1, before + 1_000_000_000)).isNotPositive();
            assertThat(heartbeats.lateNanos(1, after + 1_000_000_001)).isPositive();
            assertThat(heartbeats.lateNanos(0, 7)).as("a slot of its own").isEqualTo(7);
        }
    }
}
