// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.kit.Nullable;
import java.util.ArrayList;
import java.util.List;

/// Many deadlines, of which the earliest is found at once: a binary heap.
///
/// Nearly every deadline moves to a later time before it comes, with each request. Such a
/// move costs nothing: the heap keeps the old time, and looks at the new one when the old
/// one has come. Only a deadline that moves to an earlier time is put in its place at
/// once, by [#noteSooner].
final class Deadlines<E extends Deadlines.Entry> {
    private final ArrayList<E> heap = new ArrayList<>();

    /// What has a deadline.
    abstract static class Entry {
        /// The heap's note of the deadline: never later than the deadline itself.
        long notedNanos;

        int index;

        abstract long deadlineNanos();
    }

    void add(E entry) {
        entry.notedNanos = entry.deadlineNanos();
        entry.index = heap.size();
        heap.add(entry);
        up(entry);
    }

    void remove(E entry) {
        E last = heap.removeLast();
        if (entry.index < heap.size()) { // it was not the last one itself
            place(last, entry.index);
            down(last);
            up(last);
        }
    }

    /// Looks whether the deadline of an entry has moved to an earlier time.
    void noteSooner(E entry) {
        long nanos = entry.deadlineNanos();
        if (nanos - entry.notedNanos < 0) {
            entry.notedNanos = nanos;
            up(entry);
        }
    }

    /// An entry whose deadline has passed.
    ///
    /// @return null when there is none; else the same one again, until its deadline has
    ///     moved or it was removed
    @Nullable
    E due(long now) {
        while (!heap.isEmpty()) {
            E first = heap.getFirst();
            if (first.notedNanos - now >= 0) {
                return null;
            }
            if (first.deadlineNanos() - now < 0) {
                return first;
            }
            first.notedNanos = first.deadlineNanos();
            down(first);
        }
        return null;
    }

    /// All entries whose deadline has passed. They are looked at again at the next call.
    List<E> takeNote(long now) {
        List<E> all = new ArrayList<>();
        for (E due; (due = due(now)) != null;) {
            all.add(due);
            due.notedNanos = now;
            down(due);
        }
        return all;
    }

    /// When to look again.
    ///
    /// @return how long from now, 0 or less where it is time; [Long#MAX_VALUE] where
    ///     there is no entry
    long nanosLeft(long now) {
        return heap.isEmpty() ? Long.MAX_VALUE : heap.getFirst().notedNanos - now;
    }

    int size() {
        return heap.size();
    }

    /// All entries, as a copy.
    List<E> all() {
        return List.copyOf(heap);
    }

    private void up(E moving) {
        while (moving.index > 0) {
            E parent = heap.get((moving.index - 1) / 2);
            if (parent.notedNanos - moving.notedNanos <= 0) {
                return;
            }
            swap(parent, moving);
        }
    }

    private void down(E moving) {
        for (int child; (child = 2 * moving.index + 1) < heap.size();) {
            E sooner = heap.get(child);
            if (child + 1 < heap.size()
                    && heap.get(child + 1).notedNanos - sooner.notedNanos < 0) {
                sooner = heap.get(child + 1);
            }
            if (sooner.notedNanos - moving.notedNanos >= 0) {
                return;
            }
            swap(moving, sooner);
        }
    }

    private void swap(E upper, E lower) {
        int index = upper.index;
        place(upper, lower.index);
        place(lower, index);
    }

    private void place(E entry, int index) {
        heap.set(index, entry);
        entry.index = index;
    }
}
