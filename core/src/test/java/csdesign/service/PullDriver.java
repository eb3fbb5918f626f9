// SPDX-License-Identifier: MIT
package csdesign.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A driver without a socket: it brings what a test says has arrived and keeps what is to be sent. It holds
/// itself to the driver's part of the contract in [Conversation], and checks the conversation's.
final class PullDriver {
    final Conversation conversation;
    final List<Long> waits = new ArrayList<>();
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final int mostAtOnce;
    private long sentBytes;
    private boolean closed;
    private boolean begun;

    PullDriver(Service service) {
        this(service, Integer.MAX_VALUE);
    }

    /// @param mostAtOnce how much a socket would take of each [Step.Send] at once
    PullDriver(Service service, int mostAtOnce) {
        this.conversation = service.open();
        this.mostAtOnce = mostAtOnce;
        pull(ByteBuffer.allocate(0));
    }

    /// Bytes arrive, in one read.
    PullDriver receive(byte[] bytes) {
        assertThat(closed).as("closed before all arrived").isFalse();
        ByteBuffer in = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        conversation.receive(in);
        pull(in);
        return this;
    }

    PullDriver receive(String text) {
        return receive(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    PullDriver end() {
        conversation.endOfInput();
        pull(ByteBuffer.allocate(0));
        return this;
    }

    PullDriver late() {
        conversation.late();
        pull(ByteBuffer.allocate(0));
        return this;
    }

    /// Takes steps until more must arrive.
    private void pull(ByteBuffer in) {
        while (!closed) {
            switch (conversation.next()) {
                case Step.NeedMore(boolean rest) -> {
                    begun = rest;
                    if (!in.hasRemaining()) {
                        return;
                    }
                    int before = in.remaining();
                    conversation.receive(in);
                    assertThat(in.remaining()).as("it made no progress")
                            .isLessThanOrEqualTo(before);
                }
                case Step.Send(ByteBuffer bytes) -> {
                    while (bytes.hasRemaining()) {
                        byte[] part = new byte[Math.min(mostAtOnce, bytes.remaining())];
                        bytes.get(part);
                        sentBytes += part.length;
                        sent.writeBytes(part);
                    }
                }
                case Step.SendFile file -> throw new AssertionError("no test sends " + file);
                case Step.Wait(long nanos) -> waits.add(nanos);
                case Step.Close _ -> closed = true;
            }
        }
    }

    byte[] sent() {
        return sent.toByteArray();
    }

    long sentBytes() {
        return sentBytes;
    }

    String text() {
        return sent.toString(StandardCharsets.ISO_8859_1);
    }

    boolean isClosed() {
        return closed;
    }

    /// Whether the last [Step.NeedMore] said that a request has begun.
    boolean hasBegun() {
        return begun;
    }
}
