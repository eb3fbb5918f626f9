// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;

/// What would be seen exists, but this kernel or this user cannot see it, or what goes on
/// beside it hides it. It is no failure: the message says why, and what would help.
public final class NotHereException extends IOException {
    private static final long serialVersionUID = 1;

    /// For a sentence.
    ///
    /// @param because why, and what would help; it stands after "because"
    public NotHereException(String because) {
        super(because);
    }
}
