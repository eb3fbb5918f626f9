// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.kit.Nullable;
import csdesign.service.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/// The answer that is arriving at one client, judged over any number of reads. Used again
/// for each request, and allocates nothing while answers are right and come in one read.
final class Answer {
    /// How much of an answer is kept to be quoted when it ends early.
    private static final int QUOTED_BYTES = 120;

    private static final MemorySegment PAYLOAD = MemorySegment.ofBuffer(Bytes.payload());

    /// What the bytes so far amount to.
    enum State {
        /// Bytes are missing.
        MORE,
        /// All bytes are there, and no more.
        RIGHT,
        /// More than was asked for.
        EXCESS,
        /// A byte is wrong.
        WRONG
    }

    private final long count;
    private final boolean verify;
    private long received;
    private byte @Nullable [] beginning;
    private int quoted;
    private long wrongAt;
    private byte wrongByte;

    /// For answers of this load.
    Answer(Load load) {
        count = load.bytesPerRequest();
        verify = load.verify();
    }

    /// A request is made.
    void begin() {
        received = 0;
        quoted = 0;
    }

    /// How many bytes have come.
    long received() {
        return received;
    }

    /// Takes what one read brought.
    State take(MemorySegment buffer, long n) {
        long before = received;
        received += n;
        if (before == 0 && n < count) {
            keepBeginning(buffer, n); // an answer that comes in one read cannot be short
        }
        boolean wrong = verify && before < count
                && !matches(buffer, Math.min(n, count - before), before);
        if (before == 0 && (wrong || n > count)) {
            keepBeginning(buffer, n);
        }
        if (wrong) {
            return State.WRONG;
        }
        if (received < count) {
            return State.MORE;
        }
        return received == count ? State.RIGHT : State.EXCESS;
    }

    private void keepBeginning(MemorySegment buffer, long n) {
        if (beginning == null) {
            beginning = new byte[QUOTED_BYTES];
        }
        quoted = (int) Math.min(n, QUOTED_BYTES);
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, beginning, 0, quoted);
    }

    /// Whether it began as nothing that the service `bytes` says.
    boolean isStrange() {
        return beginning != null && quoted > 0
                && MemorySegment.mismatch(
                        MemorySegment.ofArray(beginning), 0, quoted, PAYLOAD, 0, quoted) >= 0;
    }

    /// The payload repeats its pattern, so a piece of the answer that begins anywhere
    /// equals a piece of the payload that begins at the same place of the pattern.
    private boolean matches(MemorySegment buffer, long n, long before) {
        long piece = PAYLOAD.byteSize() - Bytes.PATTERN_BYTES;
        for (long at = 0; at < n; at += piece) {
            long length = Math.min(piece, n - at);
            long from = (before + at) % Bytes.PATTERN_BYTES;
            long wrong = MemorySegment
                    .mismatch(buffer, at, at + length, PAYLOAD, from, from + length);
            if (wrong >= 0) {
                wrongAt = before + at + wrong;
                wrongByte = buffer.get(ValueLayout.JAVA_BYTE, at + wrong);
                return false;
            }
        }
        return true;
    }

    /// Says what is wrong.
    String shortMessage() {
        return "short answer: " + received + " of " + count + " bytes" + begins();
    }

    /// Says what is wrong.
    String excessMessage() {
        return "excess: " + received + " bytes or more came, " + count + " were asked for"
                + begins();
    }

    /// Says what is wrong.
    String wrongByteMessage() {
        byte expected = PAYLOAD.get(ValueLayout.JAVA_BYTE, wrongAt % Bytes.PATTERN_BYTES);
        return String.format(
                Locale.ROOT,
                "wrong byte: 0x%02x at %d of %d, expected 0x%02x",
                wrongByte,
                wrongAt,
                count,
                expected) + begins();
    }

    /// Says what is wrong.
    String timeoutMessage(boolean connected, long timeoutMillis) {
        return (connected ? received + " of " + count + " bytes" : "not connected")
                + " after " + timeoutMillis / 1000.0 + " s (--timeout)" + begins();
    }

    /// Only what is not as it should be tells something.
    private String begins() {
        return isStrange() ? ", begins \"" + quotedBeginning() + "\"" : "";
    }

    /// What came first, on one line and in ASCII: `SSH-2.0-OpenSSH_9.2p1\r\n`.
    String quotedBeginning() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; beginning != null && i < quoted; i++) {
            char c = (char) (beginning[i] & 0xff);
            switch (c) {
                case '\r' -> text.append("\\r");
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '"', '\\' -> text.append('\\').append(c);
                default -> text.append(
                        c >= ' ' && c < 127
                                ? String.valueOf(c)
                                : String.format(Locale.ROOT, "\\x%02x", (int) c));
            }
        }
        return text.append(received > quoted ? "..." : "").toString();
    }
}
