// SPDX-License-Identifier: MIT
package csdesign.service;

/// Services as text: a process hands this text to another process, which then serves the
/// same.
public final class Services {
    private Services() {}

    /// Opens the service that the words name.
    ///
    /// @param words from [Service#words]
    /// @return the same service
    /// @throws IllegalArgumentException when no service has these words
    public static Service of(String words) {
        String[] word = words.split(" ", -1);
        if (word[0].equals("bytes") && word.length == 7) {
            return new Bytes(
                    new Bytes.Options(
                            Long.parseLong(word[1]),
                            Integer.parseInt(word[2]),
                            Boolean.parseBoolean(word[3]),
                            Boolean.parseBoolean(word[4]),
                            Long.parseLong(word[5]),
                            Integer.parseInt(word[6])));
        }
        if (words.equals("echo")) {
            return new Echo();
        }
        throw new IllegalArgumentException("no service \"" + words + "\"");
    }
}
