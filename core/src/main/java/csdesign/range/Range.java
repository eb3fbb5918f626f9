// SPDX-License-Identifier: MIT
package csdesign.range;

/// A number that a user can give, and how small and how large it may be.
///
/// A number is written in the digits 0 to 9 and nothing else. What Java's own parsers
/// take beyond that is refused, because each of these once became a limit that no user
/// had asked for: signs, blanks, exponents, `NaN` and `Infinity`, hexadecimal floats,
/// suffixes such as `1d`, and digits of other scripts.
///
/// A duration is written in seconds, with a point where one is wanted, and kept in
/// milliseconds. It never becomes a binary fraction: `0.1` is exactly 100. A value that
/// is finer than a millisecond is refused, not rounded: the timeout is always the one
/// that the user wrote.
///
/// @param name the option that sets it
/// @param unit what the number counts, for sentences; empty where the name says it
/// @param decimals how many digits may follow a point: 3 for a duration, otherwise 0
/// @param least the smallest value, 0 or more; in milliseconds for a duration
/// @param most the largest value; in milliseconds for a duration
public record Range(String name, String unit, int decimals, long least, long most) {
    /// The longest duration: a day. In milliseconds it fits an `int`, which is what
    /// poll(2) and `SO_TIMEOUT` take, and in nanoseconds a `long` holds 106,751 of them:
    /// no sum of a few durations comes near an overflow.
    public static final long DAY_MILLIS = 24 * 60 * 60 * 1_000;

    /// Keeps one digit more than the largest value in a `long`.
    private static final long MOST = (Long.MAX_VALUE - 9) / 10;

    /// As much of a wrong value as helps to find it on the command line.
    private static final int MOST_QUOTED = 40;

    /// Rejects a range that is none.
    public Range {
        if (least < 0 || least > most || most > MOST) {
            throw new IllegalArgumentException(name + " from " + least + " to " + most);
        }
    }

    /// A number that says by its name what it counts.
    ///
    /// @param name the option that sets it
    /// @param least the smallest value
    /// @param most the largest value
    /// @return the range
    public static Range of(String name, long least, long most) {
        return of(name, "", least, most);
    }

    /// A number of something.
    ///
    /// @param name the option that sets it
    /// @param unit what it counts
    /// @param least the smallest value
    /// @param most the largest value
    /// @return the range
    public static Range of(String name, String unit, long least, long most) {
        return new Range(name, unit, 0, least, most);
    }

    /// A duration, written in seconds.
    ///
    /// @param name the option that sets it
    /// @param leastMillis the shortest, in milliseconds
    /// @param mostMillis the longest, in milliseconds
    /// @return the range
    public static Range seconds(String name, long leastMillis, long mostMillis) {
        return new Range(name, "seconds", 3, leastMillis, mostMillis);
    }

    /// Reads a value.
    ///
    /// @param written as the user gave it
    /// @return the value, in milliseconds for a duration
    /// @throws IllegalArgumentException with a sentence that names option, value and
    ///     limits, when it is no number or not in the range
    public long parse(String written) {
        long value = 0;
        int digits = 0;
        int fraction = -1; // digits after the point; none without a point
        boolean tooFine = false;
        for (int i = 0; i < written.length(); i++) {
            char c = written.charAt(i);
            if (c == '.' && fraction < 0 && decimals > 0) {
                fraction = 0;
                continue;
            }
            if (c < '0' || c > '9') {
                throw refused(written, asDigits());
            }
            digits++;
            if (fraction == decimals) {
                tooFine |= c != '0'; // 0.1000 is 0.1
            } else {
                value = shift(value) + (value > most ? 0 : c - '0');
                fraction += fraction < 0 ? 0 : 1;
            }
        }
        if (digits == 0 || fraction == 0) {
            throw refused(written, asDigits());
        }
        for (int i = Math.max(0, fraction); i < decimals; i++) {
            value = shift(value);
        }
        if (value < least || value > most) {
            throw refused(written, "");
        }
        if (tooFine) {
            throw refused(written, ", in steps of " + text(1));
        }
        return value;
    }

    /// Reads a value that fits an `int`, as the range promises.
    ///
    /// @param written as the user gave it
    /// @return the value
    /// @throws IllegalArgumentException as [#parse] does
    public int parseInt(String written) {
        return Math.toIntExact(parse(written));
    }

    /// Checks a value that did not come as text.
    ///
    /// @param value in milliseconds for a duration
    /// @throws IllegalArgumentException as [#parse] does
    public void check(long value) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " is " + text(value) + ": must be " + words());
        }
    }

    /// The limits, for help and errors.
    ///
    /// @return for example `0.001 to 86400 seconds`
    public String words() {
        return text(least) + " to " + text(most) + (unit.isEmpty() ? "" : " " + unit);
    }

    /// A value as it is written.
    ///
    /// @param value in milliseconds for a duration
    /// @return what [#parse] reads
    public String text(long value) {
        if (decimals == 0) {
            return Long.toString(value);
        }
        String digits = Long.toString(Math.absExact(value));
        digits = "0".repeat(Math.max(0, decimals + 1 - digits.length())) + digits;
        int point = digits.length() - decimals;
        int end = digits.length();
        while (end > point && digits.charAt(end - 1) == '0') {
            end--;
        }
        return (value < 0 ? "-" : "") + digits.substring(0, point)
                + (end == point ? "" : "." + digits.substring(point, end));
    }

    /// Room for one more digit. Above the limit it stays where it is: no overflow.
    private long shift(long value) {
        return value > most ? value : value * 10;
    }

    private String asDigits() {
        return decimals == 0
                ? ", in the digits 0 to 9"
                : ", in the digits 0 to 9 with a point where one is wanted, such as 0.5";
    }

    private IllegalArgumentException refused(String written, String how) {
        return new IllegalArgumentException(
                name + " is '" + quoted(written) + "': must be " + words() + how);
    }

    /// On one line, and no longer than helps.
    private static String quoted(String written) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < written.length() && i < MOST_QUOTED; i++) {
            char c = written.charAt(i);
            text.append(Character.isISOControl(c) ? '?' : c);
        }
        return text + (written.length() > MOST_QUOTED ? "..." : "");
    }
}
