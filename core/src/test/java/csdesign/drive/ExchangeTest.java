// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.drive.Exchange.Act.CLOSE;
import static csdesign.drive.Exchange.Act.LINGER;
import static csdesign.drive.Exchange.Act.READ;
import static csdesign.drive.Exchange.Act.SEND;
import static csdesign.drive.Exchange.Act.SEND_FILE;
import static csdesign.drive.Exchange.Act.SLEEP;
import static csdesign.drive.Scenario.BYTES;
import static csdesign.drive.Scenario.ONCE;
import static csdesign.drive.Scenario.STRICT;
import static csdesign.drive.Scenario.WAITING;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.kit.Limits;
import csdesign.kit.Scoreboard;
import csdesign.service.Bytes;
import csdesign.service.Conversation;
import csdesign.service.Echo;
import csdesign.service.Service;
import csdesign.service.Step;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The policy of one connection, event by event and without a socket.
class ExchangeTest {
    private static final String LATE = "ERR the request was not complete in time: 1 digits and no line end\n";

    private static ModelDriver begin(Service service, String input) {
        return new ModelDriver(new Scenario(
                service, input.getBytes(StandardCharsets.ISO_8859_1), new byte[0], 0)).begin();
    }

    @Test
    void shouldAnswerOnEverySplitOfTheInput() {
        Scenario scenario = Scenario.counts(STRICT, 3, 0, 12, 1);
        for (int first = 1; first < scenario.input().length; first++) {
            for (int second = 1; first + second < scenario.input().length; second++) {
                ModelDriver driver = new ModelDriver(scenario).begin();
                driver.received(first).sentAll().received(second).sentAll().received().sentAll()
                        .ended().expect(CLOSE);
                assertThat(driver.sentBytes()).isEqualTo(scenario.answer());
                assertThat(driver.scoreboard.requests()).isEqualTo(4);
                assertThat(driver.scoreboard.bytes()).isEqualTo(16);
            }
        }
    }

    @Test
    void shouldAnswerOnEverySplitOfTheAnswer() {
        Scenario scenario = Scenario.counts(STRICT, 7, 3);
        Choices choices = Choices.first();
        int runs = 0;
        do {
            ModelDriver driver = new ModelDriver(scenario).begin().received();
            for (int left = 10; left > 0;) {
                int most = driver.exchange.bytes().remaining();
                int n = 1 + choices.next(most);
                driver.sent(n);
                left -= n;
            }
            assertThat(driver.sentBytes()).isEqualTo(scenario.answer());
            driver.expect(READ).ended().expect(CLOSE);
            runs++;
        } while (choices.advance());
        assertThat(runs).as("cuts of 7 bytes times cuts of 3").isEqualTo(64 * 4);
    }

    /// Bytes, the client's end, deadlines and a stop, in every order that there is.
    @Test
    void shouldKeepItsPromisesInEveryOrderOfEvents() {
        for (Scenario scenario : new Scenario[] {
                Scenario.counts(STRICT, 2, 1), Scenario.counts(WAITING, 0, 2),
                Scenario.echo("abcd")}) {
            Choices choices = Choices.first();
            int runs = 0;
            do {
                Promises.check(scenario, choices, true);
                runs++;
            } while (choices.advance());
            assertThat(runs).as("%s", scenario).isGreaterThan(500);
        }
    }

    @Test
    void shouldReadOnWhenAllIsAnswered() {
        begin(BYTES, "3\n").expect(READ).received().expect(SEND).sent(2).expect(SEND).sent(1)
                .expect(READ).expectSent("ABC");
    }

    @Test
    void shouldLetAServiceSpeakFirst() {
        byte[] hello = "hello".getBytes(StandardCharsets.ISO_8859_1);
        Step.Send greeting = new Step.Send(ByteBuffer.allocateDirect(5).put(hello).flip());
        Service service = () -> {
            Conversation conversation = Scenario.saying(greeting).open();
            conversation.receive(ByteBuffer.allocate(0));
            return conversation;
        };
        begin(service, "").expect(SEND).sentAll().expect(READ).expectSent("hello");
    }

    @Test
    void shouldSendFromTheBufferThatWasReceived() {
        ModelDriver driver = begin(new Echo(), "abcdef").received(4).expect(SEND);
        assertThat(driver.exchange.bytes()).isSameAs(driver.lent());
        driver.sent(1).sent(3).expect(READ).received().sentAll().expect(READ).expectSent("abcdef");
    }

    @Test
    void shouldStepOverWhatHasNothingToSend() {
        Step.Send nothing = new Step.Send(ByteBuffer.allocateDirect(0));
        Step.SendFile noFile = new Step.SendFile(Path.of("absent"), 0, 0);
        begin(Scenario.saying(nothing, noFile, nothing), "x").received().expect(READ);
    }

    @Test
    void shouldSayWhatIsLeftOfAFile() {
        Step.SendFile step = new Step.SendFile(Path.of("file"), 100, 1_000);
        ModelDriver driver = begin(Scenario.saying(step, step), "x").received().expect(SEND_FILE);
        Exchange exchange = driver.exchange;
        assertThat(exchange.file()).isSameAs(step);
        assertThat(exchange.fileOffset()).isEqualTo(100);
        assertThat(exchange.sent(300, driver.now)).isEqualTo(SEND_FILE);
        assertThat(exchange.fileOffset()).isEqualTo(400);
        assertThat(exchange.fileLeft()).isEqualTo(700);
        assertThat(exchange.sent(700, driver.now)).as("the same once more").isEqualTo(SEND_FILE);
        assertThat(exchange.fileOffset()).isEqualTo(100);
        assertThat(exchange.sent(1_000, driver.now)).isEqualTo(READ);
        assertThat(driver.scoreboard.bytes()).isEqualTo(2_000);
    }

    @Test
    void shouldAnswerAClientThatHasClosedItsHalf() {
        begin(BYTES, "5").received().expect(SEND).sentAll().ended().expect(CLOSE)
                .expectSent("ABCDE");
        begin(BYTES, "1\n5").received(2).sentAll().received().expect(READ).ended()
                .expect(SEND).sentAll().expect(CLOSE).expectSent("AABCDE");
    }

    @Test
    void shouldLingerUntilTheClientHasEnded() {
        begin(ONCE, "5 and too much").received(1).sentAll().expect(LINGER).received(3)
                .expect(LINGER).received().expect(LINGER).ended().expect(CLOSE);
        ModelDriver patient = begin(ONCE, "5").received().sentAll().expect(LINGER);
        assertThat(patient.millisLeft()).isEqualTo(Limits.LINGER_MILLIS);
        patient.due().expect(CLOSE);
    }

    @Test
    void shouldNotLingerForAClientThatHasEndedBefore() {
        begin(ONCE, "5").received().sentAll().expect(LINGER);
        begin(new Bytes(new Bytes.Options(9, 32, true, true, 0, 0)), "5").received().ended()
                .expect(SEND).sentAll().expect(CLOSE);
    }

    @Test
    void shouldHoldARequestToAnAbsoluteDeadline() {
        ModelDriver driver = begin(STRICT, "123\n").pass(5_000).received(1).expect(READ);
        assertThat(driver.millisLeft()).isEqualTo(20_000);
        driver.pass(12_000).received(1);
        assertThat(driver.millisLeft()).as("later bytes do not move it").isEqualTo(8_000);
        driver.received(2).sentAll().expect(READ);
        assertThat(driver.millisLeft()).as("idle again").isEqualTo(60_000);
    }

    @Test
    void shouldTellALateClientWhy() {
        begin(STRICT, "123\n").received(1).due().expect(SEND).sentAll().expect(LINGER)
                .expectSent(LATE);
        begin(STRICT, "123\n").received(1).pass(20_001).received(1).expect(SEND).sentAll()
                .expect(LINGER).expectSent(LATE.replace("1 digits", "2 digits"));
    }

    @Test
    void shouldTakeARequestThatIsCompleteWhenItsTimeIsOver() {
        begin(STRICT, "3\n").received(1).pass(30_000).received().expect(SEND).sentAll()
                .expect(READ).expectSent("ABC");
    }

    @Test
    void shouldGiveEachRequestOfAPipelineADeadlineOfItsOwn() {
        ModelDriver driver = begin(STRICT, "1\n2").received(1).pass(15_000).received().sentAll();
        assertThat(driver.millisLeft()).isEqualTo(20_000);
    }

    @Test
    void shouldCloseAnIdleClient() {
        ModelDriver driver = begin(BYTES, "");
        assertThat(driver.millisLeft()).isEqualTo(60_000);
        driver.due().expect(CLOSE);
    }

    @Test
    void shouldCloseAClientThatTakesNothingOfItsAnswer() {
        ModelDriver driver = begin(BYTES, "5\n").received().pass(59_000).sent(1);
        assertThat(driver.millisLeft()).as("it took a byte").isEqualTo(60_000);
        driver.due().expect(CLOSE);
    }

    @Test
    void shouldSleepWhereAnAnswerWaits() {
        ModelDriver driver = begin(WAITING, "5\n").received().expect(SLEEP);
        assertThat(driver.millisLeft()).isEqualTo(20);
        driver.due().sentAll().expect(READ).expectSent("ABCDE");
    }

    /// Else one client's answers of nothing would hold up all the others of a loop.
    @Test
    void shouldLetTheOthersHaveTheirTurnAfterManySilentSteps() {
        ModelDriver driver = begin(BYTES, "0\n".repeat(1_000)).received();
        int turns = 1;
        while (driver.exchange.act() == SLEEP) {
            assertThat(driver.millisLeft()).isZero();
            driver.due();
            turns++;
        }
        assertThat(turns).isGreaterThanOrEqualTo(1_000 / Exchange.MOST_SILENT_STEPS);
        assertThat(driver.expect(READ).scoreboard.requests()).isEqualTo(1_000);
    }

    @Test
    void shouldTellAnAnsweredClientOfTheStop() {
        ModelDriver driver = begin(BYTES, "5\n1\n").received(2).sentAll().stop().expect(READ);
        assertThat(driver.millisLeft()).as("only what is here").isZero();
        driver.received().sentAll().expect(READ);
        assertThat(driver.millisLeft()).isZero();
        driver.due().expect(LINGER).expectSent("ABCDEA");
        assertThat(driver.millisLeft()).isEqualTo(Limits.LAST_CALL_MILLIS);
    }

    @Test
    void shouldGiveTheLastCallToAClientThatHasNotAskedYet() {
        ModelDriver driver = begin(BYTES, "5\n").stop().expect(READ);
        assertThat(driver.millisLeft()).isEqualTo(Limits.LAST_CALL_MILLIS);
        driver.pass(200).received().sentAll().expect(READ).due().expect(LINGER).expectSent("ABCDE");
        begin(BYTES, "").stop().due().expect(LINGER).ended().expect(CLOSE);
    }

    @Test
    void shouldFinishAtTheStopWhatIsUnderWay() {
        ModelDriver sending = begin(BYTES, "5\n").received().sent(2).stop().expect(SEND);
        assertThat(sending.millisLeft()).isEqualTo(60_000);
        sending.sentAll().expect(READ).due().expect(LINGER).expectSent("ABCDE");
        ModelDriver asking = begin(STRICT, "5\n").received(1).stop().expect(READ);
        assertThat(asking.millisLeft()).isEqualTo(20_000);
        asking.received().sentAll().expectSent("ABCDE");
        ModelDriver sleeping = begin(WAITING, "5\n").received().stop().expect(SLEEP);
        assertThat(sleeping.millisLeft()).isEqualTo(20);
        sleeping.due().sentAll().expectSent("ABCDE");
    }

    @Test
    void shouldShortenALingerAtTheStop() {
        ModelDriver driver = begin(ONCE, "5").received().sentAll().pass(100).stop().expect(LINGER);
        assertThat(driver.millisLeft()).isEqualTo(Limits.LAST_CALL_MILLIS);
        driver.pass(100).stop();
        assertThat(driver.millisLeft()).as("said again").isEqualTo(Limits.LAST_CALL_MILLIS - 100);
        ModelDriver nearlyOver = begin(ONCE, "5").received().sentAll().pass(1_990).stop();
        assertThat(nearlyOver.millisLeft()).isEqualTo(10);
    }

    /// A queue of silent clients must not hold up a server that serves one after the other.
    @Test
    void shouldNotWaitLongForASilentLatecomer() {
        Exchange exchange = new Exchange(
                BYTES.open(), Scenario.LIMITS, Scoreboard.create(1).row(0));
        long now = 1_000_000_000_000L;
        exchange.stop(now - 3_000_000_000L, now);
        assertThat(exchange.begin(now)).isEqualTo(READ);
        assertThat(exchange.deadlineNanos() - now)
                .isEqualTo(Exchange.LATECOMER_MILLIS * 1_000_000);
        now = exchange.deadlineNanos();
        assertThat(exchange.due(now)).isEqualTo(LINGER);
        assertThat(exchange.deadlineNanos() - now).as("nothing was said to it").isNegative();
        assertThat(exchange.due(now)).isEqualTo(CLOSE);
    }

    @Test
    void shouldCountThoseThatAreCutAndOwedSomething() {
        assertThat(cut(begin(BYTES, "5"))).as("idle").isZero();
        assertThat(cut(begin(STRICT, "5\n").received(1))).as("asking").isOne();
        assertThat(cut(begin(BYTES, "5").received())).as("being answered").isOne();
        assertThat(cut(begin(WAITING, "5\n").received())).as("waiting").isOne();
        assertThat(cut(begin(ONCE, "5").received().sentAll())).as("lingering").isZero();
        assertThat(cut(begin(BYTES, "5").ended())).as("closed").isZero();
        assertThat(cut(new ModelDriver(Scenario.echo("a")))).as("not looked at yet").isOne();
    }

    private static long cut(ModelDriver driver) {
        assertThat(driver.exchange.cut()).isEqualTo(CLOSE);
        return driver.scoreboard.cut();
    }

    @Test
    void shouldKeepTheLargestDeadlines() {
        Limits limits = Scenario.limits(Limits.IDLE.most(), Limits.REQUEST.most());
        Service service = new Bytes(
                new Bytes.Options(9, 32, true, false, Bytes.Options.WAIT.most(), 0));
        ModelDriver driver = new ModelDriver(
                new Scenario(service, new byte[] {'1', '\n'}, new byte[0], 0), limits).begin();
        long day = 86_400_000;
        assertThat(driver.millisLeft()).as("idle").isEqualTo(day);
        assertThat(driver.received(1).millisLeft()).as("request").isEqualTo(day);
        assertThat(driver.received(1).expect(SLEEP).millisLeft()).as("wait").isEqualTo(day);
    }
}
