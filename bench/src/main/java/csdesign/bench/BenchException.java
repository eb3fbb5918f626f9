// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.IOException;

/// A process that was started to measure or to be measured did not do what it should: it ended, was
/// silent for too long, or said that it cannot.
public final class BenchException extends IOException {
    private static final long serialVersionUID = 1L;

    /// With a sentence for the report.
    ///
    /// @param message which process did what, and what it said on its standard error
    public BenchException(String message) {
        super(message);
    }
}
