// SPDX-License-Identifier: MIT
package csdesign.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The words by which one process tells another what to serve.
class ServicesTest {
    @Test
    void shouldSayEveryOptionInWords() {
        assertThat(new Bytes(new Bytes.Options(100, 9, true, false, 3, 2)).words())
                .isEqualTo("bytes 100 9 true false 3 2");
        assertThat(new Bytes(new Bytes.Options(100, 9, false, true, 3, 2)).words())
                .isEqualTo("bytes 100 9 false true 3 2");
        assertThat(new Echo().words()).isEqualTo("echo");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "echo",
            "bytes 1073741824 32 false false 0 0",
            "bytes 100 9 true false 3 2",
            "bytes 576460752303423488 1000000 false true 86400000 1048576"
    })
    void shouldOpenTheServiceThatTheWordsName(String words) {
        assertThat(Services.of(words).words()).isEqualTo(words);
    }

    @Test
    void shouldServeAsTheWordsSay() {
        PullDriver bytes = new PullDriver(Services.of("bytes 100 9 true false 3 0"));
        bytes.receive("100\n");
        assertThat(bytes.text()).hasSize(100);
        assertThat(bytes.waits).as("nanoseconds").containsExactly(3_000_000L);
        bytes.receive("101\n");
        assertThat(bytes.text().substring(100)).startsWith("ERR ");
        assertThat(bytes.isClosed()).isTrue();

        assertThat(new PullDriver(Services.of("echo")).receive("101\n").text())
                .isEqualTo("101\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "",
            "gopher",
            "Echo",
            "echo loud",
            "bytes",
            "bytes 100 9 true false 3",
            "bytes 100 9 true false 3 2 1",
            "bytes many 9 true false 3 2",
            "bytes -1 9 true false 3 2",
            "bytes 100 9 true false 86400001 2"
    })
    void shouldRefuseWordsThatNoServiceSays(String words) {
        assertThatIllegalArgumentException().isThrownBy(() -> Services.of(words));
    }

    @Test
    void shouldSayThatAServiceWithoutWordsStaysInItsProcess() {
        Service wordless = () -> new Echo().open();

        assertThatThrownBy(wordless::words).isInstanceOf(UnsupportedOperationException.class)
                .hasMessageEndingWith("cannot be opened in another process");
    }
}
