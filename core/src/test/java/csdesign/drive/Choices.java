// SPDX-License-Identifier: MIT
package csdesign.drive;

import java.util.ArrayList;
import java.util.List;

/// What a test leaves open: which event comes next, and how many bytes of it. Either given, by a property
/// test, or one vector of choices after the other until there is none left.
final class Choices {
    private final List<Integer> chosen = new ArrayList<>();
    private final List<Integer> bounds = new ArrayList<>();
    private final boolean given;
    private int next;

    private Choices(List<Integer> chosen, boolean given) {
        this.chosen.addAll(chosen);
        this.given = given;
    }

    /// These, and 0 where they end.
    static Choices of(List<Integer> chosen) {
        return new Choices(chosen, true);
    }

    /// The first of all vectors.
    static Choices first() {
        return new Choices(List.of(), false);
    }

    /// Takes the next choice, which is 0 to one less than the bound.
    int next(int bound) {
        if (given) {
            return next < chosen.size() ? Math.floorMod(chosen.get(next++), bound) : 0;
        }
        if (next == chosen.size()) {
            chosen.add(0);
            bounds.add(bound);
        }
        return chosen.get(next++);
    }

    /// Whether none of the given ones is left.
    boolean isExhausted() {
        return given && next >= chosen.size();
    }

    /// The next vector, from the beginning.
    ///
    /// @return whether there is one
    boolean advance() {
        next = 0;
        for (int last = chosen.size() - 1; last >= 0; last--) {
            if (chosen.get(last) + 1 < bounds.get(last)) {
                chosen.set(last, chosen.get(last) + 1);
                return true;
            }
            chosen.removeLast();
            bounds.removeLast();
        }
        return false;
    }

    @Override
    public String toString() {
        return chosen.toString();
    }
}
