// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;

/// The effect exists, but it cannot be seen here: this kernel or this user cannot see it,
/// or other traffic hides it. This is no failure. The message tells why, and what would
/// help.
public final class NotHereException extends IOException {
    private static final long serialVersionUID = 1;

    /// For a sentence.
    ///
    /// @param because why, and what would help; it stands after "because"
    public NotHereException(String because) {
        super(because);
    }
}
