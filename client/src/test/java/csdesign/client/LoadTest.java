// SPDX-License-Identifier: MIT
package csdesign.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.client.Load.Engine;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoadTest {
    @Test
    void shouldHaveTheDefaultsOfTheOriginal() {
        Load load = Load.DEFAULT;
        assertThat(load.host()).isEqualTo("127.0.0.1");
        assertThat(load.port()).isEqualTo(2000);
        assertThat(load.clients()).isEqualTo(5);
        assertThat(load.requestsPerClient()).isEqualTo(500);
        assertThat(load.bytesPerRequest()).isEqualTo(3000);
        assertThat(load.request()).isEqualTo("3000");
        assertThat(load.keepAlive()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "{'port':0}                            | --port is 0: must be 1 to 65535",
            "{'port':65536}                        | --port is 65536",
            "{'clients':0}                         | --child-num with --engine threads is 0",
            "{'clients':10001}                     | must be 1 to 10000",
            "{'clients':100001,'engine':'epoll'}   | must be 1 to 100000",
            "{'requestsPerClient':0}               | exactly one of them must be more than 0",
            "{'requestsPerClient':1,'durationMillis':1} | exactly one of them must be more than 0",
            "{'durationMillis':-1}                 | --duration is -0.001",
            "{'warmupMillis':1}                    | --warmup needs --duration",
            "{'bytesPerRequest':-1}                | --bytes is -1: must be 0 to",
            "{'bytesPerRequest':0,'keepAlive':true} | --bytes is 0 with --keep-alive",
            "{'sourceAddresses':1025,'engine':'epoll'} | must be 1 to 1024",
            "{'sourceAddresses':2}                 | only --engine epoll can choose them",
            "{'timeoutMillis':0}                   | --timeout is 0: must be 0.001 to 3600 seconds",
            "{'host':' '}                          | --host is empty"
    })
    void shouldRefuseWhatCannotBeDone(String json, String message) {
        assertThatThrownBy(() -> Agent.parse(json.replace('\'', '"')))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "1.5", "5.0", "1e3", "\"5\"", "\"٣\"", "\" 5\"", "\"\"", "99999999999", "1e400", "NaN",
            "Infinity",
            "+5", "05", "0x5", "null", "true", "[5]"})
    void shouldTakeWholeNumbersOnly(String number) {
        for (String member : List.of("port", "clients", "requestsPerClient", "timeoutMillis")) {
            assertThatThrownBy(() -> Agent.parse("{\"" + member + "\":" + number + "}"))
                    .as(member)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldTakeWhatIsNotGivenFromTheDefault() {
        Load load = Agent.parse("{\"port\":4711,\"engine\":\"epoll\",\"durationMillis\":3000}");
        assertThat(load.port()).isEqualTo(4711);
        assertThat(load.engine()).isEqualTo(Engine.EPOLL);
        assertThat(load.durationMillis()).isEqualTo(3000);
        assertThat(load.requestsPerClient()).isZero();
        assertThat(load.clients()).isEqualTo(5);
    }

    @Test
    void shouldSpreadAddressesWhereManyConnectionsAreMade() {
        Load connect = Wish.to(2000).engine(Engine.EPOLL);
        assertThat(connect.spreadAddresses()).isEqualTo(64);
        assertThat(Wish.to(2000).engine(Engine.EPOLL).keepAlive(true).spreadAddresses())
                .isEqualTo(1);
        assertThat(Wish.to(2000).spreadAddresses()).isEqualTo(1);
        assertThat(Wish.to(2000).engine(Engine.EPOLL).sourceAddresses(1).spreadAddresses())
                .isEqualTo(1);
    }
}
