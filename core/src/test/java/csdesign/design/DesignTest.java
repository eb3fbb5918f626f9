// SPDX-License-Identifier: MIT
package csdesign.design;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The one argument of a design file that runs by itself.
class DesignTest {
    @Test
    void shouldTakeAPortOrNothing() {
        assertThat(Design.port()).isEqualTo(2000);
        assertThat(Design.port("0")).isZero();
        assertThat(Design.port("65535")).isEqualTo(65_535);
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "+2000", "2e3", "0x7d0", "٣٠٠٠", "２０００", " 2000", "",
            "epoll"})
    void shouldRefuseWhatIsNoPort(String port) {
        assertThatIllegalArgumentException().isThrownBy(() -> Design.port(port))
                .withMessageStartingWith("PORT is '" + port + "': must be 0 to 65535");
    }

    @Test
    void shouldTakeNothingElse() {
        assertThatIllegalArgumentException().isThrownBy(() -> Design.port("2000", "3000"))
                .withMessage("takes a port and nothing else, not: 2000 3000");
    }
}
