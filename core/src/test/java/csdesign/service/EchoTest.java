// SPDX-License-Identifier: MIT
package csdesign.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EchoTest {
    @Test
    void shouldSendBackWhatArrivesCutAtAnyTwoPlaces() {
        String text = "hello,\r\n\0 world";
        for (int first = 1; first < text.length(); first++) {
            for (int second = first + 1; second < text.length(); second++) {
                PullDriver driver = new PullDriver(new Echo());
                driver.receive(text.substring(0, first));
                assertThat(driver.text()).as("nothing is held back")
                        .isEqualTo(text.substring(0, first));
                driver.receive(text.substring(first, second)).receive(text.substring(second));
                assertThat(driver.text()).isEqualTo(text);
                assertThat(driver.conversation.requests()).isEqualTo(3);
                assertThat(driver.isClosed()).isFalse();
                assertThat(driver.hasBegun()).isFalse();
                assertThat(driver.end().isClosed()).isTrue();
                assertThat(driver.text()).isEqualTo(text);
            }
        }
    }

    @Test
    void shouldSendBackEveryByteValueThroughASocketThatTakesLittle() {
        Random random = new Random(7);
        for (int most = 1; most < 20; most++) {
            byte[] bytes = new byte[16 * 1024];
            random.nextBytes(bytes);
            PullDriver driver = new PullDriver(new Echo(), most);
            assertThat(driver.receive(bytes).sent()).isEqualTo(bytes);
        }
    }

    /// So it copies nothing, and its driver must keep the bytes until they are sent.
    @Test
    void shouldSendStraightFromTheBufferThatWasReceivedInto() {
        Conversation conversation = new Echo().open();
        ByteBuffer in = ByteBuffer.allocateDirect(3).put(new byte[] {1, 2, 3}).flip();
        assertThat(conversation.next()).isEqualTo(Step.NeedMore.IDLE);
        conversation.receive(in);

        assertThat(conversation.next()).isInstanceOfSatisfying(Step.Send.class,
                send -> assertThat(send.bytes()).isSameAs(in));
        in.get();
        assertThat(conversation.next()).as("a part was sent: the rest is still owed")
                .isInstanceOfSatisfying(Step.Send.class,
                        send -> assertThat(send.bytes().remaining()).isEqualTo(2));
        in.position(3);
        assertThat(conversation.next()).isEqualTo(Step.NeedMore.IDLE);
    }

    @Test
    void shouldEndWithTheClientAndWithALateCall() {
        assertThat(new PullDriver(new Echo()).end().isClosed()).isTrue();
        PullDriver late = new PullDriver(new Echo()).late();
        assertThat(late.isClosed()).isTrue();
        assertThat(late.sentBytes()).isZero();
    }
}
