// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A small file of proc(5) about a process or a thread, read whole. This is the one
/// reader of `stat` and `status`: code that needs another figure of them gets it here.
///
/// @param text as the kernel wrote it; empty for a process or thread that is gone, or
///     that belongs to another user
/// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html">proc_pid_stat(5)</a>
/// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_status.5.html">proc_pid_status(5)</a>
public record ProcFile(String text) {
    /// What [#state] answers for one that is gone.
    public static final char GONE = 'X';

    /// CPU time in user mode, in ticks: a field of `stat`, as its manual page counts.
    public static final int UTIME = 14;

    /// CPU time in the kernel, in ticks.
    public static final int STIME = 15;

    /// As [#UTIME], of the children that have ended and were waited for.
    public static final int CUTIME = 16;

    /// As [#STIME], of the children that have ended and were waited for.
    public static final int CSTIME = 17;

    /// The state, the first field after the name.
    private static final int STATE = 3;

    /// A file of a process.
    ///
    /// @param pid the process
    /// @param name for example `status`
    /// @return what it says now
    /// @throws FileSystemException when it cannot be opened, for example because no
    ///     descriptor is free
    public static ProcFile of(long pid, String name) throws FileSystemException {
        return read(Path.of("/proc/" + pid, name));
    }

    /// Any of them, a thread's too.
    ///
    /// @param file for example `/proc/self/task/4711/stat`
    /// @return what it says now
    /// @throws FileSystemException when it cannot be opened, for example because no
    ///     descriptor is free
    public static ProcFile read(Path file) throws FileSystemException {
        try {
            return new ProcFile(Files.readString(file, ISO_8859_1)); // a name may hold any byte
        } catch (NoSuchFileException | AccessDeniedException gone) {
            return new ProcFile("");
        } catch (FileSystemException unopened) {
            throw unopened;
        } catch (IOException gone) {
            return new ProcFile(""); // ESRCH: it ended after the file was opened
        }
    }

    /// What it does now, by `stat`.
    ///
    /// @return `R` runs or could, `S` sleeps until something happens, `D` sleeps in a way
    ///     that cannot be interrupted, `T` is stopped, `Z` has ended and was not waited
    ///     for, [#GONE]
    public char state() {
        return text.isEmpty() ? GONE : text.charAt(afterName());
    }

    /// A number of `stat`.
    ///
    /// @param field as proc_pid_stat(5) numbers them, 4 or more
    /// @return the number; 0 for one that is gone
    public long field(int field) {
        if (text.isEmpty()) {
            return 0;
        }
        int from = afterName();
        for (int i = STATE; i < field; i++) {
            from = text.indexOf(' ', from) + 1;
        }
        int end = text.indexOf(' ', from);
        return Long.parseLong(text, from, end < 0 ? text.length() : end, 10);
    }

    /// The name is in parentheses, and may hold any character, those included.
    private int afterName() {
        return text.lastIndexOf(')') + 2;
    }

    /// A number of `status` or `io`, without its unit.
    ///
    /// @param name for example `VmHWM`, in KiB
    /// @return the number; 0 where there is none, or for one that is gone
    public long number(String name) {
        String value = value(name);
        int end = value.indexOf(' ');
        return value.isEmpty()
                ? 0
                : Long.parseLong(value, 0, end < 0 ? value.length() : end, 10);
    }

    /// What stands after a name of `status` or `io`.
    ///
    /// @param name for example `SigIgn`
    /// @return the rest of its line; empty where there is none, or for one that is gone
    public String value(String name) {
        String start = name + ":";
        int at = text.startsWith(start) ? 0 : text.indexOf("\n" + start) + 1;
        if (at == 0 && !text.startsWith(start)) {
            return "";
        }
        int from = at + start.length();
        int end = text.indexOf('\n', from);
        return text.substring(from, end < 0 ? text.length() : end).strip();
    }
}
