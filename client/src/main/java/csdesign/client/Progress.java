// SPDX-License-Identifier: MIT
package csdesign.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/// A run of the client as others see it while it goes on: they may look, and end it.
public final class Progress {
    /// Where a run stands.
    public enum Phase {
        /// Nothing is counted yet.
        WARM_UP,
        /// Requests are made and counted.
        MEASURING,
        /// No more requests are made.
        ENDING
    }

    private final Gate gate;
    private final boolean pausing;
    private final List<Tally> tallies = new CopyOnWriteArrayList<>();
    private volatile Phase phase = Phase.WARM_UP;
    private volatile long beganNanos;
    private volatile long endNanos;
    private volatile boolean stopped;
    private volatile boolean gaveUp;
    private volatile Consumer<String> listener = _ -> {};

    /// What stands between the warm-up and the measurement.
    @FunctionalInterface
    public interface Gate {
        /// All is warm, and no answer is awaited.
        ///
        /// @throws InterruptedException when the run must end instead
        void pass() throws InterruptedException;
    }

    /// Of a run that goes from its warm-up straight into the measurement, without a
    /// pause.
    public Progress() {
        this(() -> {}, false);
    }

    /// Of a run that pauses after its warm-up: connections that are kept stay open, and
    /// no request is made until the gate lets it pass.
    ///
    /// @param gate called by the thread that runs the client, once
    public Progress(Gate gate) {
        this(gate, true);
    }

    private Progress(Gate gate, boolean pausing) {
        this.gate = gate;
        this.pausing = pausing;
    }

    /// Ends the run soon: what was counted so far is its result. From any thread.
    public void stop() {
        stopped = true;
    }

    /// Whether the run was told to end.
    ///
    /// @return once true, always true
    public boolean isStopped() {
        return stopped;
    }

    /// Hears what a user must know while the run goes on, in sentences. From any thread.
    ///
    /// @param listener of now on
    public void onNews(Consumer<String> listener) {
        this.listener = listener;
    }

    void say(String news) {
        listener.accept(news);
    }

    /// Ends the run soon: it is not worth going on.
    void giveUp() {
        gaveUp = true;
    }

    /// Whether it ends before its bound.
    boolean isOver() {
        return stopped || gaveUp;
    }

    /// Where it stands.
    ///
    /// @return the phase
    public Phase phase() {
        return phase;
    }

    /// How many requests were answered rightly.
    ///
    /// @return since the measurement began
    public long requests() {
        return tallies.stream().mapToLong(Tally::requests).sum();
    }

    /// How many were not.
    ///
    /// @return since the run began
    public long errors() {
        return tallies.stream().mapToLong(Tally::errors).sum();
    }

    /// Right answers of all phases.
    long rightAnswers() {
        return tallies.stream().mapToLong(Tally::rightAnswers).sum();
    }

    /// Connections of all phases.
    long connections() {
        return tallies.stream().mapToLong(Tally::connectionsOfAllPhases).sum();
    }

    /// How long this phase has gone on.
    ///
    /// @return in seconds
    public double seconds() {
        return beganNanos == 0 ? 0 : (System.nanoTime() - beganNanos) / 1e9;
    }

    /// How long this phase goes on at most.
    ///
    /// @return in seconds; negative when no time is its bound
    public double secondsLeft() {
        return endNanos == 0 ? -1 : Math.max(0, (endNanos - System.nanoTime()) / 1e9);
    }

    /// Whether the run pauses after its warm-up.
    boolean hasGate() {
        return pausing;
    }

    /// Waits for the gate.
    ///
    /// @return false when the run must end
    boolean pass() {
        try {
            gate.pass();
        } catch (InterruptedException e) {
            stopped = true;
        }
        return !stopped;
    }

    /// The run enters a phase.
    ///
    /// @param nanos how long the phase goes on, or 0 when no time is its bound
    void begin(Phase next, long nanos) {
        beganNanos = System.nanoTime();
        endNanos = nanos == 0 ? 0 : beganNanos + nanos;
        phase = next;
    }

    void watch(Tally tally) {
        tallies.add(tally);
    }
}
