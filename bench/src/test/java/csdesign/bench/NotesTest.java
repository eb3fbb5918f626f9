// SPDX-License-Identifier: MIT
package csdesign.bench;

import static csdesign.bench.Sample.window;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NotesTest {
    @Test
    void shouldSayNothingWhereAllIsAsItShouldBe() {
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30))).isEmpty();
        assertThat(notes(Sample.KEEP_ALIVE, window(1, 1_000, 30))).isEmpty();
    }

    @Test
    void shouldCheckLittlesLawToTenPercent() {
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30, 58, 64, 0))).isEmpty();
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30, 57, 64, 0)))
                .singleElement()
                .asString()
                .contains("Little's law", "57.0 requests in the system, not 64");
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30, 71, 64, 0))).hasSize(1);
    }

    @Test
    void shouldSayWhoWasNotServedAndCountThemOutOfLittlesLaw() {
        assertThat(notes(Sample.KEEP_ALIVE, window(1, 1_000, 30, 1, 1, 0)))
                .containsExactly(
                        "served 1 of 64 connections; latency is that of those served");
    }

    /// A pool of ten has the first ten of 64 clients for as long as they stay.
    @Test
    void shouldSayHowManyAPoolServes() {
        assertThat(notes(Sample.KEEP_ALIVE, window(1, 1_000, 30, 10, 10, 0)))
                .containsExactly(
                        "served 10 of 64 connections; latency is that of those served");
    }

    @Test
    void shouldSayWhenTheClientIsTheLimit() {
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30, 64, 64, 950_000)))
                .isEmpty();
        assertThat(notes(Sample.CONNECT, window(1, 1_000, 30, 64, 64, 960_000)))
                .singleElement()
                .asString()
                .contains("the client's core was busy");
    }

    @Test
    void shouldTellOfFewerClientsThanPlanned() {
        Workload few = Sample.CONNECT.withClients(8);
        assertThat(Notes.of(Sample.CONNECT, few, List.of(window(1, 1_000, 30, 8, 64, 0))))
                .containsExactly(
                        "8 clients, not 64, and longer windows: each is a program that must start first");
    }

    private static List<String> notes(Workload workload, Window window) {
        return Notes.of(workload, workload, List.of(window));
    }
}
