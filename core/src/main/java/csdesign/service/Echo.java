// SPDX-License-Identifier: MIT
package csdesign.service;

import java.nio.ByteBuffer;
import java.util.List;

/// The service `echo` (RFC 862): every byte that arrives goes back, until the client ends
/// the connection.
///
/// The service sends straight from the buffer into which the driver received, so no byte
/// is copied. A client that does not read holds one buffer. The bytes of one read count
/// as one request.
public final class Echo implements Service {
    /// What another process is told.
    static final String NAME = "echo";

    @Override
    public Conversation open() {
        return new EchoConversation();
    }

    @Override
    public List<String> encode() {
        return List.of(Services.NAME + "=" + NAME);
    }

    private static final class EchoConversation implements Conversation {
        private static final Step.Send NOTHING = new Step.Send(ByteBuffer.allocateDirect(0));

        private Step.Send answer = NOTHING;
        private boolean ended;
        private long requests;

        @Override
        public void receive(ByteBuffer in) {
            answer = new Step.Send(in);
            requests++;
        }

        @Override
        public Step next() {
            if (answer.bytes().hasRemaining()) {
                return answer;
            }
            answer = NOTHING; // let go of the driver's buffer
            return ended ? Step.Close.NOW : Step.NeedMore.IDLE;
        }

        @Override
        public void endOfInput() {
            ended = true;
        }

        @Override
        public void late() {
            ended = true; // never: a byte is a whole request
        }

        @Override
        public long requests() {
            return requests;
        }
    }
}
