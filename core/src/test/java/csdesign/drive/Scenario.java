// SPDX-License-Identifier: MIT
package csdesign.drive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import csdesign.kit.Limits;
import csdesign.service.Bytes;
import csdesign.service.Conversation;
import csdesign.service.Echo;
import csdesign.service.Service;
import csdesign.service.Step;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/// What a client sends to a service before it closes its half, and what it must get.
final class Scenario {
    static final Limits LIMITS = limits(60_000, 20_000);
    static final Service BYTES = new Bytes(Bytes.Options.DEFAULT);

    /// With it no answer depends on how the input is cut.
    static final Service STRICT = new Bytes(
            new Bytes.Options(1L << 30, 32, true, false, 0, 0));

    /// The same, and each answer waits first.
    static final Service WAITING = new Bytes(
            new Bytes.Options(1L << 30, 32, true, false, 20, 0));

    static final Service ONCE = new Bytes(
            new Bytes.Options(1L << 30, 32, false, true, 0, 0));

    private final Service service;
    private final byte[] input;
    private final byte[] answer;
    private final long requests;

    /// What is sent, and what must come back.
    ///
    /// @param requests how many are counted when all is answered; -1 where that depends on the reads
    Scenario(Service service, byte[] input, byte[] answer, long requests) {
        this.service = service;
        this.input = input;
        this.answer = answer;
        this.requests = requests;
    }

    Service service() {
        return service;
    }

    byte[] input() {
        return input;
    }

    byte[] answer() {
        return answer;
    }

    long requests() {
        return requests;
    }

    static Limits limits(long idleMillis, long requestMillis) {
        return Limits.DEFAULT.withIdleMillis(idleMillis).withRequestMillis(requestMillis);
    }

    /// Requests with line ends.
    static Scenario counts(Service service, int... counts) {
        StringBuilder input = new StringBuilder();
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        for (int count : counts) {
            input.append(count).append('\n');
            answer.writeBytes(answer(count));
        }
        return new Scenario(
                service, input.toString().getBytes(ISO_8859_1), answer.toByteArray(),
                counts.length);
    }

    static Scenario echo(String text) {
        return new Scenario(new Echo(), text.getBytes(ISO_8859_1), text.getBytes(ISO_8859_1), -1);
    }

    /// What must be answered to the first bytes of the input.
    byte[] answerTo(int asked) {
        if (requests < 0) {
            return Arrays.copyOf(answer, asked);
        }
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        String[] lines = new String(input, 0, asked, ISO_8859_1).split("\n", -1);
        for (int i = 0; i < lines.length - 1; i++) { // behind the last line end nothing is complete
            part.writeBytes(answer(Integer.parseInt(lines[i])));
        }
        return part.toByteArray();
    }

    /// What the service `bytes` answers.
    static byte[] answer(int count) {
        byte[] all = new byte[count];
        for (int i = 0; i < count; i++) {
            all[i] = Bytes.payload().get(i % Bytes.PATTERN_BYTES);
        }
        return all;
    }

    /// A service that says these steps to whoever sends anything, then needs more.
    static Service saying(Step... steps) {
        return () -> new Conversation() {
            private final Deque<Step> left = new ArrayDeque<>();
            private boolean ended;

            @Override
            public void receive(ByteBuffer in) {
                in.position(in.limit());
                left.addAll(List.of(steps));
            }

            @Override
            public Step next() {
                Step step = left.poll();
                return step != null ? step : ended ? Step.Close.NOW : Step.NeedMore.IDLE;
            }

            @Override
            public void endOfInput() {
                ended = true;
            }

            @Override
            public void late() {
                ended = true;
            }

            @Override
            public long requests() {
                return 0;
            }
        };
    }
}
