// SPDX-License-Identifier: MIT
package csdesign.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import csdesign.service.Bytes.Options;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BytesTest {
    private static final Options LOOSE = Options.DEFAULT;
    private static final Options STRICT = new Options(1L << 30, 32, true, false, 0, 0);
    private static final Options ONCE = new Options(1L << 30, 32, false, true, 0, 0);

    private static PullDriver driver(Options options) {
        return new PullDriver(new Bytes(options));
    }

    /// What a client expects that asked for these counts.
    private static byte[] answers(long... counts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (long count : counts) {
            for (long i = 0; i < count; i++) {
                all.write(Bytes.payload().get((int) (i % Bytes.PATTERN_BYTES)));
            }
        }
        return all.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 63, 64, 65, 3000, 65_535, 65_536, 65_537, 10 << 20})
    void shouldAnswerExactlyTheCountStrictOrNot(int count) {
        byte[] expected = answers(count);

        assertThat(driver(LOOSE).receive("" + count).sent()).isEqualTo(expected);
        assertThat(driver(LOOSE).receive(count + "\n").sent()).isEqualTo(expected);
        assertThat(driver(STRICT).receive(count + "\r\n").sent()).isEqualTo(expected);
    }

    @Test
    void shouldAnswerAGibibyteWithoutHoldingIt() {
        Conversation conversation = new Bytes(LOOSE).open();
        conversation.receive(ByteBuffer.wrap("1073741824\n".getBytes(StandardCharsets.US_ASCII)));
        long sent = 0;
        while (conversation.next() instanceof Step.Send(ByteBuffer bytes)) {
            assertThat(bytes.capacity()).isLessThanOrEqualTo(1 << 20);
            sent += bytes.remaining();
            bytes.position(bytes.limit());
        }
        assertThat(sent).isEqualTo(1L << 30);
    }

    @Test
    void shouldRepeatALineOf64PrintableBytes() {
        String line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+\n";
        assertThat(line).hasSize(Bytes.PATTERN_BYTES);
        ByteBuffer payload = Bytes.payload();
        assertThat(payload.remaining() % Bytes.PATTERN_BYTES).isZero();
        byte[] all = new byte[payload.remaining()];
        payload.get(all);
        assertThat(new String(all, StandardCharsets.US_ASCII))
                .isEqualTo(line.repeat(all.length / line.length()));

        assertThat(payload.isReadOnly()).isTrue();
        assertThat(Bytes.payload().position()).as("a view of its own").isZero();
        assertThat(driver(LOOSE).receive("130").text()).isEqualTo(line + line + "AB");
    }

    @Test
    void shouldBeginEveryAnswerAtTheFirstByteOfThePattern() {
        assertThat(driver(LOOSE).receive("3\n5\n").text()).isEqualTo("ABCABCDE");
    }

    @Test
    void shouldSendAnswersThatTheSocketTakesByteByByte() {
        PullDriver driver = new PullDriver(new Bytes(LOOSE), 7);
        assertThat(driver.receive("70000\n20\n").sent()).isEqualTo(answers(70_000, 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3000\n", "0\n1\n2\n", "10\r\n200\r\n30\r\n", "64\n1\r\n007\n"})
    void shouldAnswerStrictRequestsCutAtAnyTwoPlaces(String text) {
        byte[] expected = driver(STRICT).receive(text).sent();
        assertThat(expected).isNotEmpty();
        for (int first = 0; first <= text.length(); first++) {
            for (int second = first; second <= text.length(); second++) {
                PullDriver cut = driver(STRICT);
                for (String part : List.of(text.substring(0, first), text.substring(first, second),
                        text.substring(second))) {
                    if (!part.isEmpty()) {
                        cut.receive(part);
                    }
                }
                assertThat(cut.sent()).as("cut at %d and %d", first, second).isEqualTo(expected);
                assertThat(cut.hasBegun()).isFalse();
                assertThat(cut.isClosed()).isFalse();
            }
        }
    }

    @Test
    void shouldAnswerAPipelineCutAtAnyTwoPlacesOnceALineEndWasSeen() {
        String text = "5\n10\r\n200\n0\n7\n";
        byte[] expected = answers(5, 10, 200, 0, 7);
        for (int first = 2; first <= text.length(); first++) {
            for (int second = first; second <= text.length(); second++) {
                PullDriver cut = driver(LOOSE).receive(text.substring(0, first));
                if (second > first) {
                    cut.receive(text.substring(first, second));
                }
                if (second < text.length()) {
                    cut.receive(text.substring(second));
                }
                assertThat(cut.sent()).as("cut at %d and %d", first, second).isEqualTo(expected);
            }
        }
    }

    /// The line end of digits that were answered as they stood is a line end too.
    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n"})
    void shouldAnswerAPipelineCutBeforeItsFirstLineEnd(String lineEnd) {
        String rest = lineEnd + "10" + lineEnd + "200" + lineEnd;
        byte[] expected = answers(5, 10, 200);
        for (int cut = 0; cut < rest.length(); cut++) {
            PullDriver driver = driver(LOOSE).receive("5");
            if (cut > 0) {
                driver.receive(rest.substring(0, cut));
            }
            driver.receive(rest.substring(cut));
            assertThat(driver.sent()).as("cut at %d", cut).isEqualTo(expected);
        }
    }

    @Test
    void shouldTakeTheLateLineEndOfDigitsThatWereAnsweredAsTheyStood() {
        PullDriver driver = driver(LOOSE);
        for (int i = 1; i <= 3; i++) {
            driver.receive("10").receive("\r").receive("\n");
            assertThat(driver.sentBytes()).isLessThanOrEqualTo(10L * i);
        }
        assertThat(driver.isClosed()).isFalse();
        assertThat(driver.text()).doesNotContain("ERR");
    }

    @Test
    void shouldAnswerTheOriginalClientsSegmentsAsTheyStand() {
        PullDriver driver = driver(LOOSE);
        driver.receive("3000");
        assertThat(driver.sent()).isEqualTo(answers(3000));
        driver.receive("20");
        assertThat(driver.sent()).isEqualTo(answers(3000, 20));
        assertThat(driver.conversation.requests()).isEqualTo(2);
        assertThat(driver.isClosed()).isFalse();
    }

    @Test
    void shouldWaitForTheLineEndWhereItIsStrict() {
        PullDriver driver = driver(STRICT).receive("30");
        assertThat(driver.sentBytes()).isZero();
        assertThat(driver.hasBegun()).isTrue();
        assertThat(driver.conversation.requests()).isZero();
        driver.receive("00").receive("\r");
        assertThat(driver.hasBegun()).isTrue();
        driver.receive("\n");
        assertThat(driver.sentBytes()).isEqualTo(3000);
        assertThat(driver.hasBegun()).isFalse();
        assertThat(driver.conversation.requests()).isOne();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            hello    | expected a decimal count from 0 to 1073741824, got "hello"
            -1       | expected a decimal count from 0 to 1073741824, got "-1"
            +1       | expected a decimal count from 0 to 1073741824, got "+1"
            ' 1'     | expected a decimal count from 0 to 1073741824, got " 1"
            12x4     | expected a decimal count from 0 to 1073741824, got "x4"
            1.5      | expected a decimal count from 0 to 1073741824, got ".5"
            1073741825 | a count of 1073741825 is above the limit of 1073741824 (--max-answer-bytes)
            """, delimiter = '|')
    void shouldSayWhatWasExpectedAndClose(String request, String message) {
        for (Options options : List.of(LOOSE, STRICT)) {
            PullDriver driver = driver(options).receive(request + "\n");
            assertThat(driver.text()).startsWith("ERR " + message).endsWith("\n");
            assertThat(driver.text().lines()).hasSize(1);
            assertThat(driver.isClosed()).isTrue();
            assertThat(driver.conversation.requests()).isZero();
        }
    }

    @Test
    void shouldRefuseAnEmptyLine() {
        for (String empty : List.of("\n", "\r\n")) {
            PullDriver driver = driver(LOOSE).receive(empty);
            assertThat(driver.text()).isEqualTo(
                    "ERR expected a decimal count from 0 to 1073741824, got an empty line\n");
            assertThat(driver.isClosed()).isTrue();
        }
        assertThat(driver(LOOSE).receive("5\n\n").text()).startsWith("ABCDEERR ");
        assertThat(driver(LOOSE).receive("5").receive("\n\n").text())
                .as("one belated line end is the request's, two are not").startsWith("ABCDEERR ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r\r\n", "12\r3\n", "\r5\n", "12\rx"})
    void shouldTakeACarriageReturnOnlyBeforeALineFeed(String request) {
        assertThat(driver(STRICT).receive(request).text()).startsWith("ERR ");
        for (int cut = 1; cut < request.length(); cut++) {
            PullDriver driver = driver(STRICT).receive(request.substring(0, cut));
            if (!driver.isClosed()) {
                driver.receive(request.substring(cut));
            }
            assertThat(driver.text()).startsWith("ERR ");
            assertThat(driver.isClosed()).isTrue();
        }
    }

    @Test
    void shouldPrintNoByteOfTheClientThatIsNotPrintable() {
        byte[] request = new byte[40];
        Arrays.fill(request, (byte) 0x1b);
        request[1] = (byte) 0xff;
        PullDriver driver = driver(LOOSE).receive(request);
        assertThat(driver.text()).endsWith("got \"...............\"\n");
    }

    @Test
    void shouldRefuseARequestThatNeverEnds() {
        for (Options options : List.of(LOOSE, STRICT)) {
            PullDriver driver = driver(options).receive("0".repeat(33));
            assertThat(driver.text()).startsWith(
                    "ERR the request has more than 32 digits (--max-request-bytes)");
            assertThat(driver.isClosed()).isTrue();
            assertThat(driver(options).receive("0".repeat(31) + "1\n").text()).isEqualTo("A");
        }
        PullDriver slowly = driver(STRICT);
        for (int i = 0; i < 32; i++) {
            slowly.receive("9");
        }
        assertThat(slowly.sentBytes()).isZero();
        assertThat(slowly.receive("9").text())
                .startsWith("ERR the request has more than 32 digits");
    }

    @Test
    void shouldRefuseACountFarPastALongWithoutOverflow() {
        assertThat(driver(LOOSE).receive("99999999999999999999999999999999\n").text())
                .isEqualTo("ERR a count of 9999999999... is above the limit of 1073741824"
                        + " (--max-answer-bytes): ask for less\n");
        Options most = new Options(Options.MAX_ANSWER.most(), 32, false, false, 0, 0);
        assertThat(driver(most).receive("18446744073709551617\n").text())
                .as("2^64 + 1").startsWith("ERR a count of ");
    }

    @Test
    void shouldAnswerWhatStoodBeforeTheGarbageAndNothingAfterIt() {
        PullDriver driver = driver(LOOSE).receive("3\n4\nx\n5\n");
        assertThat(driver.text()).startsWith("ABCABCDERR expected");
        assertThat(driver.text().lines()).hasSize(1);
        assertThat(driver.conversation.requests()).isEqualTo(2);
    }

    @Test
    void shouldCloseAtTheEndOfInputWhenNothingIsOwed() {
        for (Options options : List.of(LOOSE, STRICT)) {
            assertThat(driver(options).end().isClosed()).isTrue();
            assertThat(driver(options).end().sentBytes()).isZero();
            assertThat(driver(options).receive("5\n").end().text()).isEqualTo("ABCDE");
        }
        assertThat(driver(LOOSE).receive("5").end().text()).isEqualTo("ABCDE");
    }

    @Test
    void shouldAnswerOrRefuseDigitsThatTheEndCutOff() {
        assertThat(driver(LOOSE).receive("1\n5").text()).as("a client of lines").isEqualTo("A");
        PullDriver loose = driver(LOOSE).receive("1\n5").end();
        assertThat(loose.text()).isEqualTo("AABCDE");
        assertThat(loose.isClosed()).isTrue();

        PullDriver strict = driver(STRICT).receive("5").end();
        assertThat(strict.text()).isEqualTo(
                "ERR the request ended without the line end that --strict asks for\n");
        assertThat(strict.isClosed()).isTrue();
    }

    @Test
    void shouldTellTheLateClientWhatIsMissing() {
        PullDriver driver = driver(STRICT).receive("123").late();
        assertThat(driver.text()).isEqualTo(
                "ERR the request was not complete in time: 3 digits and no line end\n");
        assertThat(driver.isClosed()).isTrue();
        assertThat(driver.conversation.requests()).isZero();
    }

    @Test
    void shouldCloseAfterOneAnswer() {
        PullDriver driver = driver(ONCE).receive("5\n6\n");
        assertThat(driver.text()).isEqualTo("ABCDE");
        assertThat(driver.isClosed()).isTrue();
        assertThat(driver.conversation.requests()).isOne();
        assertThat(driver(ONCE).receive("0").isClosed()).isTrue();
    }

    @Test
    void shouldWaitBeforeEachAnswer() {
        Options options = new Options(1L << 30, 32, false, false, 50, 0);
        PullDriver driver = driver(options).receive("5\n0\n6\n");
        assertThat(driver.waits).containsExactly(50_000_000L, 50_000_000L, 50_000_000L);
        assertThat(driver.sentBytes()).isEqualTo(11);

        Conversation conversation = new Bytes(options).open();
        conversation.receive(ByteBuffer.wrap(new byte[] {'5'}));
        assertThat(conversation.next()).isEqualTo(new Step.Wait(50_000_000));
        assertThat(conversation.next()).isInstanceOf(Step.Send.class);
    }

    @Test
    void shouldAnswerTheSameHoweverMuchItComputes() {
        for (int kib : new int[] {1, 63, 64, 65, 200}) {
            PullDriver driver = driver(new Options(1L << 30, 32, false, false, 0, kib));
            assertThat(driver.receive("70000\n3\n").sent()).isEqualTo(answers(70_000, 3));
        }
    }

    @Test
    void shouldAnswerRandomPipelinesCutAtRandomPlaces() {
        for (long seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            boolean strict = random.nextBoolean();
            int requests = 1 + random.nextInt(20);
            long[] counts = new long[requests];
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < requests; i++) {
                counts[i] = random.nextInt(4) == 0 ? 0 : random.nextInt(i == 0 ? 9 : 5_000);
                text.append("0".repeat(i == 0 ? 0 : random.nextInt(4))).append(counts[i])
                        .append(random.nextBoolean() ? "\r\n" : "\n");
            }
            PullDriver driver = new PullDriver(
                    new Bytes(strict ? STRICT : LOOSE), 1 + random.nextInt(10_000));
            int from = 0;
            while (from < text.length()) {
                int to = Math.min(text.length(), from + 1 + random.nextInt(8));
                driver.receive(text.substring(from, to));
                from = to;
            }
            driver.end();
            assertThat(driver.sent()).as("seed %d", seed).isEqualTo(answers(counts));
            assertThat(driver.conversation.requests()).isEqualTo(requests);
            assertThat(driver.isClosed()).isTrue();
        }
    }

    /// Whatever arrives, it ends with a close, says at most one ERR, and that at the very end.
    @Test
    void shouldSurviveRandomBytes() {
        String alphabet = "0123456789\n\n\r\r xX-\0\377";
        for (long seed = 1; seed <= 2_000; seed++) {
            Random random = new Random(seed);
            PullDriver driver = driver(
                    new Options(500, 8, random.nextBoolean(), random.nextInt(5) == 0, 0, 0));
            for (int part = 0; part < 6 && !driver.isClosed(); part++) {
                byte[] bytes = new byte[1 + random.nextInt(6)];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
                }
                driver.receive(bytes);
            }
            if (!driver.isClosed()) {
                driver.end();
            }
            String text = driver.text();
            assertThat(driver.isClosed()).as("seed %d", seed).isTrue();
            int error = text.indexOf("ERR ");
            if (error >= 0) {
                assertThat(text.indexOf('\n', error)).as("seed %d: %s", seed, text)
                        .isEqualTo(text.length() - 1);
            }
        }
    }

    @Test
    void shouldKeepConversationsApart() {
        Bytes service = new Bytes(LOOSE);
        List<PullDriver> drivers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            drivers.add(new PullDriver(service));
        }
        for (int i = 0; i < 5; i++) {
            drivers.get(i).receive(i + "\n" + 10 * i);
        }
        for (int i = 0; i < 5; i++) {
            assertThat(drivers.get(i).end().sent()).isEqualTo(answers(i, 10L * i));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            -1, 32, 0, 0, --max-answer-bytes is -1: must be 0 to 576460752303423488
            576460752303423489, 32, 0, 0, --max-answer-bytes is 576460752303423489: must be 0 to 576460752303423488
            1, 0, 0, 0, --max-request-bytes is 0: must be 1 to 1000000
            1, 1000001, 0, 0, --max-request-bytes is 1000001: must be 1 to 1000000
            1, 32, -5, 0, --wait is -5: must be 0 to 86400000 milliseconds
            1, 32, 86400001, 0, --wait is 86400001: must be 0 to 86400000 milliseconds
            1, 32, 0, -1, --hash is -1: must be 0 to 1048576 KiB
            1, 32, 0, 1048577, --hash is 1048577: must be 0 to 1048576 KiB
            """, quoteCharacter = '"')
    void shouldRejectOptionsThatCanMeanNothing(
            long answer, int request, long wait, int hash, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Options(answer, request, false, false, wait, hash))
                .withMessage(message);
    }

    @Test
    void shouldAcceptTheOutermostOptions() {
        Options most = new Options(Options.MAX_ANSWER.most(), 1, true, true, 0, 0);
        assertThat(driver(most).receive("7\n").text()).isEqualTo("ABCDEFG");
        Options none = new Options(0, 32, false, false, 0, 0);
        assertThat(driver(none).receive("0").text()).isEmpty();
        assertThat(driver(none).receive("1").text()).startsWith("ERR a count of 1 is above");
    }
}
