// SPDX-License-Identifier: MIT
package csdesign.kit;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StopTest {
    private static final long HOUR_MILLIS = 3_600_000;

    @Test
    void shouldGiveTheGraceAndTakeItAwayAtTheSecondSignal() {
        Stop stop = new Stop(HOUR_MILLIS);
        assertThat(stop.requested()).isFalse();
        assertThat(stop.graceIsOver()).isFalse();
        long before = System.nanoTime();
        stop.signal();
        assertThat(stop.requested()).isTrue();
        assertThat(stop.graceIsOver()).isFalse();
        assertThat(stop.deadlineNanos() - before)
                .isBetween(HOUR_MILLIS * 1_000_000, HOUR_MILLIS * 1_000_000 + 10_000_000_000L);
        stop.signal();
        assertThat(stop.requested()).isTrue();
        assertThat(stop.graceIsOver()).isTrue();
    }

    /// A worker that ends, the end of `--control`'s input, and the user's first signal: all of
    /// them mean the same stop, in any order.
    @Test
    void shouldBeOneStopHoweverOftenItIsWishedFor() {
        Stop stop = new Stop(HOUR_MILLIS);
        AtomicInteger told = new AtomicInteger();
        try (Stop.Watching _ = stop.watch(told::incrementAndGet)) {
            stop.request();
            long deadline = stop.deadlineNanos();
            stop.request();
            stop.signal();
            stop.request();
            assertThat(stop.graceIsOver()).isFalse();
            assertThat(stop.deadlineNanos()).isEqualTo(deadline);
            assertThat(told).hasValue(1);
            stop.signal();
            assertThat(stop.graceIsOver()).as("the user's second signal").isTrue();
            assertThat(told).hasValue(2);
        }
    }

    @Test
    void shouldBeOverAtOnceWithoutGrace() {
        Stop stop = new Stop(0);
        assertThat(stop.graceIsOver()).isFalse();
        stop.request();
        assertThat(stop.graceIsOver()).isTrue();
    }

    @Test
    void shouldTellWhoWatchesEachTime() {
        Stop stop = new Stop(HOUR_MILLIS);
        AtomicInteger told = new AtomicInteger();
        AtomicInteger toldLate = new AtomicInteger();
        Stop.Watching watching = stop.watch(told::incrementAndGet);
        assertThat(told).hasValue(0);
        stop.signal();
        assertThat(told).hasValue(1);
        Stop.Watching late = stop.watch(toldLate::incrementAndGet);
        assertThat(toldLate).as("the wish was there before").hasValue(1);
        watching.close();
        stop.signal();
        assertThat(told).as("watches no more").hasValue(1);
        assertThat(toldLate).hasValue(2);
        late.close();
    }

    @Test
    void shouldShowTheWishToALoopThatWaitsForDescriptors() throws IOException {
        Stop stop = new Stop(HOUR_MILLIS);
        try (StopDescriptor descriptor = StopDescriptor.of(stop)) {
            assertThat(isReadable(descriptor)).isFalse();
            stop.signal();
            assertThat(isReadable(descriptor)).isTrue();
            descriptor.clear();
            assertThat(isReadable(descriptor)).isFalse();
            stop.signal();
            assertThat(isReadable(descriptor)).as("the second time too").isTrue();
        }
        try (StopDescriptor late = StopDescriptor.of(stop)) {
            assertThat(isReadable(late)).as("the wish was there before").isTrue();
        }
    }

    @Test
    void shouldWriteToNobodyOnceItIsClosed() throws IOException {
        Stop stop = new Stop(HOUR_MILLIS);
        long before = TestServers.descriptors();
        StopDescriptor closed = StopDescriptor.of(stop);
        closed.close();
        assertThat(TestServers.descriptors()).isEqualTo(before);
        // The next descriptor has its number.
        try (StopDescriptor next = StopDescriptor.of(new Stop(0))) {
            assertThat(next.fd()).isEqualTo(closed.fd());
            stop.request();
            assertThat(isReadable(next)).isFalse();
        }
    }

    /// The watchers are told one after the other: the loop may close it before its turn comes.
    @Test
    void shouldWriteToNobodyWhenItIsClosedWhileTheWishIsTold() throws IOException {
        Stop stop = new Stop(HOUR_MILLIS);
        List<StopDescriptor> descriptors = new ArrayList<>();
        try (Stop.Watching _ = stop.watch(() -> replaceLast(descriptors))) {
            descriptors.add(StopDescriptor.of(stop));
            stop.request();
        }
        try (StopDescriptor innocent = descriptors.getLast()) {
            assertThat(innocent).isNotSameAs(descriptors.getFirst());
            assertThat(innocent.fd()).isEqualTo(descriptors.getFirst().fd());
            assertThat(isReadable(innocent)).isFalse();
        }
    }

    private static void replaceLast(List<StopDescriptor> descriptors) {
        descriptors.getLast().close();
        try {
            descriptors.add(StopDescriptor.of(new Stop(0)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isReadable(StopDescriptor descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(SysPoll.POLLFD);
            SysPoll.set(entry, 0, descriptor.fd(), SysPoll.POLLIN);
            return SysPoll.poll(Errno.allocate(arena), entry, 1, 0) == 1;
        }
    }
}
