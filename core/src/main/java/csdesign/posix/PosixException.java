// SPDX-License-Identifier: MIT
package csdesign.posix;

import java.io.IOException;

/// A system call that failed, as one line:
/// `epoll_ctl(ADD, fd=7): EEXIST (17): File exists`.
public final class PosixException extends IOException {
    private static final long serialVersionUID = 1L;

    /// The positive error number.
    private final int errno;

    PosixException(String call, Object[] arguments, int errno) {
        super(
                call
                        + "("
                        + join(arguments)
                        + "): "
                        + Errno.name(errno)
                        + " ("
                        + errno
                        + "): "
                        + Errno.description(errno));
        this.errno = errno;
    }

    /// The error number.
    ///
    /// @return positive, for example [Errno#EADDRINUSE]
    public int errno() {
        return errno;
    }

    /// A lower-case word names the value after it; anything else stands by itself.
    private static String join(Object[] arguments) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < arguments.length; i++) {
            if (!text.isEmpty()) {
                text.append(", ");
            }
            text.append(arguments[i]);
            boolean namesTheNext = arguments[i] instanceof String word
                    && word.equals(word.toLowerCase(java.util.Locale.ROOT))
                    && i + 1 < arguments.length;
            if (namesTheNext) {
                text.append('=').append(arguments[++i]);
            }
        }
        return text.toString();
    }
}
