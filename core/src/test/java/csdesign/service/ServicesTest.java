// SPDX-License-Identifier: MIT
package csdesign.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.range.NamedWords;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The words by which one process tells another what to serve.
class ServicesTest {
    private static final String HEAVY = "--service=bytes --max-answer-bytes=100 --max-request-bytes=9"
            + " --strict=true --once=false --wait=3 --hash=2";

    private static Service decode(String words) {
        return Services.decode(new NamedWords(Arrays.asList(words.split(" ", -1))));
    }

    @Test
    void shouldSayEveryOptionInWords() {
        Bytes.Options options = new Bytes.Options(100, 9, true, false, 3, 2);
        assertThat(String.join(" ", new Bytes(options).encode())).isEqualTo(HEAVY);
        assertThat(new Echo().encode()).containsExactly("--service=echo");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            HEAVY,
            "--service=echo",
            "--service=bytes --max-answer-bytes=576460752303423488 --max-request-bytes=1000000"
                    + " --strict=false --once=true --wait=86400000 --hash=1048576"
    })
    void shouldOpenTheServiceThatTheWordsName(String words) {
        assertThat(String.join(" ", decode(words).encode())).isEqualTo(words);
    }

    @Test
    void shouldServeAsTheWordsSay() {
        PullDriver bytes = new PullDriver(decode(HEAVY.replace("--hash=2", "--hash=0")));
        bytes.receive("100\n");
        assertThat(bytes.text()).hasSize(100);
        assertThat(bytes.waits).as("nanoseconds").containsExactly(3_000_000L);
        bytes.receive("101\n");
        assertThat(bytes.text().substring(100)).startsWith("ERR ");
        assertThat(bytes.isClosed()).isTrue();

        assertThat(new PullDriver(decode("--service=echo")).receive("101\n").text())
                .isEqualTo("101\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "",
            "--service=gopher",
            "--service=Echo",
            "--service=",
            "--service",
            "--service=bytes",
            "echo"
    })
    void shouldRefuseWordsThatNoServiceSays(String words) {
        assertThatIllegalArgumentException().isThrownBy(() -> decode(words));
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "--max-answer-bytes=many", "--max-answer-bytes=-1", "--max-request-bytes=0",
            "--strict=yes", "--once=", "--wait=86400001", "--hash=0x1"
    })
    void shouldRefuseAValueThatIsNone(String wrong) {
        String name = wrong.substring(0, wrong.indexOf('='));
        String words = HEAVY.replaceFirst(name + "=\\S+", wrong);
        assertThatIllegalArgumentException().isThrownBy(() -> decode(words))
                .withMessageStartingWith(name + " is '" + wrong.substring(name.length() + 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> decode(HEAVY.replaceFirst(" " + name + "=\\S+", "")))
                .withMessage(name + " was not told");
    }

    @Test
    void shouldSayThatAServiceWithoutWordsStaysInItsProcess() {
        Service wordless = () -> new Echo().open();

        assertThatThrownBy(wordless::encode).isInstanceOf(UnsupportedOperationException.class)
                .hasMessageEndingWith("cannot be opened in another process");
    }
}
