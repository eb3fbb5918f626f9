// SPDX-License-Identifier: MIT
package csdesign.service;

import csdesign.range.NamedWords;

/// Services as words: a process hands these to another process, which then serves the
/// same.
public final class Services {
    /// The word that names the service.
    static final String NAME = "--service";

    private Services() {}

    /// Opens the service that the words name.
    ///
    /// @param told words from [Service#encode], among others
    /// @return the same service
    /// @throws IllegalArgumentException when there is no such service, or a word of it is
    ///     missing or out of its range
    public static Service decode(NamedWords told) {
        String name = told.take(NAME);
        return switch (name) {
            case Bytes.NAME -> Bytes.decode(told);
            case Echo.NAME -> new Echo();
            default -> throw new IllegalArgumentException(
                    NAME + " is '" + name + "': must be " + Bytes.NAME + " or " + Echo.NAME);
        };
    }
}
