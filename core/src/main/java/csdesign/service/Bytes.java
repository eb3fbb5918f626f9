// SPDX-License-Identifier: MIT
package csdesign.service;

import csdesign.range.NamedWords;
import csdesign.range.Range;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/// The service `bytes`, the protocol of the original: the client sends a decimal count
/// and reads that many bytes.
///
/// ```text
///   client                         server
///   3000          ------------->            digits as they stand, no line end: the original
///                 <-------------   3000 bytes
///   64\n1\n       ------------->            with line ends, requests can be pipelined
///                 <-------------   64 bytes, 1 byte
///   hello         ------------->
///                 <-------------   ERR ... and the connection is closed
/// ```
///
/// **Where a request ends.** A line end (`\n` or `\r\n`) ends a request. The original
/// client sends one segment without a line end, so digits without a line end are answered
/// as they stand. When a client has ended one request with a line end, the service
/// expects a line end after each further request of this client, because TCP may cut a
/// pipeline anywhere. With `strict` the service expects it from the start.
///
/// **The payload** repeats [#PATTERN_BYTES] bytes: 63 letters and a line end. Every
/// answer begins with the first of them. So a client can check any byte by its place, and
/// a terminal shows lines.
public final class Bytes implements Service {
    /// The answer's byte at place `i` is the payload's byte at `i % PATTERN_BYTES`.
    public static final int PATTERN_BYTES = 64;

    /// One step's worth. Larger steps hold a slow reader's turn longer and save no
    /// measurable time: a socket buffer takes no more at once.
    private static final int BLOCK_BYTES = 64 * 1024;

    /// What another process is told: its name, and what has no [Range].
    static final String NAME = "bytes";
    private static final String STRICT = "--strict";
    private static final String ONCE = "--once";

    private static final ByteBuffer BLOCK = block();

    private final Options options;

    /// The service with these options.
    ///
    /// @param options what it allows and costs
    public Bytes(Options options) {
        this.options = options;
    }

    /// What the service allows, and what its answers cost.
    ///
    /// @param maxAnswerBytes [#MAX_ANSWER]: the largest count that is answered
    /// @param maxRequestBytes [#MAX_REQUEST]: how long a request may be before its end
    /// @param strict whether every request must end with a line end
    /// @param once whether the connection is closed after its first answer
    /// @param waitMillis [#WAIT]: how long each answer waits first, in milliseconds
    /// @param hashKib [#HASH]: over how many KiB each answer first computes a checksum
    public record Options(
            long maxAnswerBytes,
            int maxRequestBytes,
            boolean strict,
            boolean once,
            long waitMillis,
            int hashKib) {
        /// `--max-answer-bytes`. The most is 512 PiB: a count one digit past it fits in a
        /// long.
        public static final Range MAX_ANSWER = Range.of("--max-answer-bytes", 0, 1L << 59);

        /// `--max-request-bytes`. Digits are counted and not kept, by an `int`.
        public static final Range MAX_REQUEST = Range.of("--max-request-bytes", 1, 1_000_000);

        /// `--wait`.
        public static final Range WAIT = Range.of(
                "--wait", "milliseconds", 0, Range.DAY_MILLIS);

        /// `--hash`. The most is 1 GiB, which takes tenths of a second to compute. During
        /// that time a design with one thread notices nothing, not even a stop.
        public static final Range HASH = Range.of("--hash", "KiB", 0, 1 << 20);

        /// 1 GiB at most in 32 digits at most, not strict, many requests, at no cost.
        public static final Options DEFAULT = new Options(1L << 30, 32, false, false, 0, 0);

        /// Rejects what is out of its range.
        public Options {
            MAX_ANSWER.check(maxAnswerBytes);
            MAX_REQUEST.check(maxRequestBytes);
            WAIT.check(waitMillis);
            HASH.check(hashKib);
        }
    }

    /// The payload as a client expects it.
    ///
    /// @return a read-only buffer, its limit a multiple of [#PATTERN_BYTES]
    public static ByteBuffer payload() {
        return BLOCK.asReadOnlyBuffer();
    }

    @Override
    public Conversation open() {
        return new BytesConversation(options);
    }

    @Override
    public List<String> encode() {
        return List.of(
                Services.NAME + "=" + NAME,
                NamedWords.of(Options.MAX_ANSWER, options.maxAnswerBytes),
                NamedWords.of(Options.MAX_REQUEST, options.maxRequestBytes),
                STRICT + "=" + options.strict,
                ONCE + "=" + options.once,
                NamedWords.of(Options.WAIT, options.waitMillis),
                NamedWords.of(Options.HASH, options.hashKib));
    }

    /// The service that another process told of.
    static Bytes decode(NamedWords told) {
        return new Bytes(
                new Options(
                        told.take(Options.MAX_ANSWER),
                        told.takeInt(Options.MAX_REQUEST),
                        told.takeTruth(STRICT),
                        told.takeTruth(ONCE),
                        told.take(Options.WAIT),
                        told.takeInt(Options.HASH)));
    }

    private static ByteBuffer block() {
        byte[] line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+\n"
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
        while (block.hasRemaining()) {
            block.put(line);
        }
        return block.flip();
    }

    private static final class BytesConversation implements Conversation {
        private final Options options;

        // The request that is arriving.
        private long count;
        private int length;
        private boolean carriageReturn;
        private boolean lineClient;
        private boolean answeredAsItStood;

        // The answer that is leaving. One Send for all of them: a view of the block.
        private final ByteBuffer part = BLOCK.duplicate();
        private final Step.Send send = new Step.Send(part);
        private long unsent;
        private boolean waiting;
        private boolean computing;

        private boolean ended;
        private boolean closing;
        private boolean failed;
        private Step.Send lastWords = send;
        private long requests;

        // Written, so that the JIT cannot leave the computing out.
        @SuppressWarnings("UnusedVariable")
        private long checksum;

        BytesConversation(Options options) {
            this.options = options;
            this.lineClient = options.strict;
        }

        @Override
        public void receive(ByteBuffer in) {
            while (in.hasRemaining()) {
                byte b = in.get();
                if (b == '\n') {
                    if (length > 0) {
                        lineClient = true;
                        complete();
                        return;
                    } else if (!answeredAsItStood) {
                        fail(expected() + "an empty line");
                        return;
                    }
                    // The line end of digits that were answered before it came.
                    answeredAsItStood = false;
                    carriageReturn = false;
                    lineClient = true;
                } else if (b == '\r' && !carriageReturn) {
                    carriageReturn = true;
                } else if (b < '0' || b > '9' || carriageReturn) {
                    fail(expected() + quote(b, in));
                    return;
                } else {
                    digit(b - '0');
                    if (closing) {
                        return;
                    }
                }
            }
            if (length > 0 && !lineClient) {
                complete();
                answeredAsItStood = true;
            }
        }

        private void digit(int digit) {
            answeredAsItStood = false;
            if (++length > options.maxRequestBytes) {
                fail("the request has more than " + options.maxRequestBytes
                        + " digits (--max-request-bytes): end it with a line end before");
            } else if (count <= options.maxAnswerBytes) {
                count = count * 10 + digit; // above the limit it stays there: no overflow
            }
        }

        private void complete() {
            if (count > options.maxAnswerBytes) {
                fail("a count of " + count + (length > digits(count) ? "..." : "")
                        + " is above the limit of " + options.maxAnswerBytes
                        + " (--max-answer-bytes): ask for less");
                return;
            }
            requests++;
            unsent = count;
            waiting = options.waitMillis > 0;
            computing = options.hashKib > 0;
            closing = options.once;
            length = 0;
            count = 0;
            carriageReturn = false;
        }

        @Override
        public Step next() {
            if (computing) {
                computing = false;
                compute();
            }
            if (waiting) {
                waiting = false;
                return new Step.Wait(options.waitMillis * 1_000_000);
            }
            if (unsent > 0) {
                int now = (int) Math.min(unsent, BLOCK_BYTES);
                unsent -= now;
                part.limit(now).position(0);
                return send;
            }
            if (failed) {
                failed = false;
                return lastWords;
            }
            if (closing || ended) {
                return Step.Close.NOW;
            }
            return length > 0 || carriageReturn ? Step.NeedMore.REST : Step.NeedMore.IDLE;
        }

        @Override
        public void endOfInput() {
            ended = true;
            if (length == 0) {
                return;
            }
            if (options.strict) {
                fail("the request ended without the line end that --strict asks for");
            } else {
                complete();
            }
        }

        @Override
        public void late() {
            fail("the request was not complete in time: " + length + " digits and no line end");
        }

        @Override
        public long requests() {
            return requests;
        }

        private void compute() {
            CRC32C crc = new CRC32C();
            ByteBuffer block = BLOCK.duplicate();
            for (long left = options.hashKib * 1024L; left > 0; left -= block.capacity()) {
                crc.update(block.limit((int) Math.min(left, block.capacity())).position(0));
            }
            checksum ^= crc.getValue();
        }

        private void fail(String why) {
            byte[] line = ("ERR " + why + "\n").getBytes(StandardCharsets.US_ASCII);
            lastWords = new Step.Send(ByteBuffer.allocateDirect(line.length).put(line).flip());
            failed = true;
            closing = true;
            unsent = 0;
        }

        private String expected() {
            return "expected a decimal count from 0 to " + options.maxAnswerBytes + ", got ";
        }

        private static int digits(long number) {
            return Long.toString(number).length();
        }

        /// The offending byte and a few after it on its line, printable.
        private static String quote(byte first, ByteBuffer rest) {
            StringBuilder text = new StringBuilder("\"");
            text.append(printable(first));
            for (int i = rest.position(); i < rest.limit() && text.length() < 16; i++) {
                if (rest.get(i) == '\n' || rest.get(i) == '\r') {
                    break;
                }
                text.append(printable(rest.get(i)));
            }
            return text.append('"').toString();
        }

        private static char printable(byte b) {
            return b >= ' ' && b < 127 ? (char) b : '.';
        }
    }
}
