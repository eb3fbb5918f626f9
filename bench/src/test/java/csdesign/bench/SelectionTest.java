// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import csdesign.design.Catalog;
import csdesign.design.Design;
import java.util.List;
import org.junit.jupiter.api.Test;

class SelectionTest {
    @Test
    void shouldMeasureOneOfEachShapeUnlessOthersAreNamed() {
        assertThat(slugs()).isSubsetOf(Catalog.REPRESENTATIVES)
                .contains("iterative", "prefork-accept", "thread-per-client", "epoll");
        assertThat(Selection.of(List.of(), false)).map(Design::family)
                .contains(Design.Family.values());
        assertThat(Selection.of(List.of(), true)).isEqualTo(Selection.byDefaultQuickly())
                .map(Design::slug)
                .contains("iterative", "epoll")
                .doesNotContain("prefork-accept");
        assertThat(Selection.defaultNames()).startsWith("iterative, ").endsWith(", epoll");
    }

    @Test
    void shouldTakeTheNamesOfTheOriginalAndEachDesignOnce() {
        assertThat(slugs("epoll", "server03", "server03a", "server02", "select"))
                .containsExactly("prefork-accept", "select", "epoll");
    }

    @Test
    void shouldTakeAll() {
        assertThat(Selection.of(List.of("all"), false)).isEqualTo(Catalog.ENTRIES);
        assertThat(Selection.of(List.of("epoll", "all"), true)).isEqualTo(Catalog.ENTRIES);
    }

    @Test
    void shouldSayWhatThereIsWhenThereIsNoSuchDesign() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Selection.of(List.of("epol"), false))
                .withMessageStartingWith("no design 'epol'; there are iterative, ")
                .withMessageEndingWith("epoll, or all");
    }

    private static List<String> slugs(String... named) {
        return Selection.of(List.of(named), false).stream().map(Design::slug).toList();
    }
}
