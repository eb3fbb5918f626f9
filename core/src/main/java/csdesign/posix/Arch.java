// SPDX-License-Identifier: MIT
package csdesign.posix;

/// The architectures whose layouts this package knows. Both are 64-bit and little-endian,
/// and of the structs used here only `struct epoll_event` differs between them.
public enum Arch {
    /// x86-64, the `amd64` of the JDK.
    X86_64,
    /// 64-bit Arm, the `aarch64` of the JDK.
    AARCH64;

    /// The architecture that this JVM runs on.
    ///
    /// @return the architecture
    /// @throws UnsupportedOperationException when it is neither x86-64 nor aarch64, or
    ///     the system is not Linux
    public static Arch current() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        if (!os.equals("Linux")) {
            throw new UnsupportedOperationException(
                    "the Linux socket API is not here: this is " + os + " on " + arch);
        }
        return switch (arch) {
            case "amd64", "x86_64" -> X86_64;
            case "aarch64" -> AARCH64;
            default -> throw new UnsupportedOperationException(
                    "no struct layouts for Linux on " + arch + ": only x86-64 and aarch64");
        };
    }

    /// Whether this package can be used here.
    ///
    /// @return whether [#current] answers
    public static boolean isSupported() {
        try {
            Arch _ = current();
            return true;
        } catch (UnsupportedOperationException elsewhere) {
            return false;
        }
    }

    /// Whether system calls can be made here without a word: where native access was not
    /// enabled, the JVM warns of the first one.
    ///
    /// @return whether [#isSupported], and native access is enabled
    public static boolean isUsable() {
        return isSupported() && Arch.class.getModule().isNativeAccessEnabled();
    }
}
