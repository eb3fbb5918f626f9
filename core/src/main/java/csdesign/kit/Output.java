// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Standard output and standard error that remember when they could not be written.
///
/// A [PrintStream] swallows every error. When a result is printed to a full disk it is
/// lost, and yet the program ends as if all went well. So each `main` begins with
/// [#watch] and ends with [#exitCode], which prints what was lost.
///
/// A pipe whose reader has gone (`| head -1`) is no error: the reader had enough.
public final class Output extends OutputStream {
    /// When all went well but the output could not be written.
    private static final int NOT_WRITTEN = 1;

    private static final Output OUT = new Output("standard output", 1, FileDescriptor.out);
    private static final Output ERR = new Output("standard error", 2, FileDescriptor.err);

    private final String name;
    private final int number;
    private final OutputStream stream;
    private volatile @Nullable IOException failure;
    private volatile boolean readerGone;

    private Output(String name, int number, FileDescriptor descriptor) {
        this(name, number, new FileOutputStream(descriptor));
    }

    /// Over another stream.
    Output(String name, int number, OutputStream stream) {
        this.name = name;
        this.number = number;
        this.stream = stream;
    }

    /// Puts them in the place of [System#out] and [System#err].
    public static void watch() {
        System.setOut(new PrintStream(OUT, true, System.out.charset()));
        System.setErr(new PrintStream(ERR, true, System.err.charset()));
    }

    /// Prints what could not be written. This is the last thing that the program does.
    ///
    /// @param code what the program would end with
    /// @return the same; 1 in place of 0 when standard output or error has lost something
    public static int exitCode(int code) {
        System.out.flush();
        System.err.flush();
        String lost = OUT.lost();
        if (!lost.isEmpty()) {
            System.err.println("csdesign: " + lost);
        }
        boolean all = lost.isEmpty() && ERR.lost().isEmpty();
        return code == 0 && !all ? NOT_WRITTEN : code;
    }

    /// What is lost, why, and what to do; empty when nothing is.
    String lost() {
        IOException why = failure;
        return why == null
                ? ""
                : name + " could not be written: " + why.getMessage()
                        + ": what was printed there is lost in part; print it to another place";
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (readerGone) {
            return;
        }
        try {
            stream.write(bytes, offset, length);
        } catch (IOException e) {
            if (isReaderGone(e)) {
                readerGone = true;
            } else if (failure == null) {
                failure = e;
            }
            throw e;
        }
    }

    /// The JDK tells EPIPE by its words alone, which are of the user's language; poll(2)
    /// tells it by POLLERR. Anything else that fails, a full disk, does not.
    private boolean isReaderGone(IOException e) {
        if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
            return true;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(SysPoll.POLLFD);
            SysPoll.set(entry, 0, number, SysPoll.POLLOUT);
            SysPoll.poll(Errno.allocate(arena), entry, 1, 0);
            return (SysPoll.revents(entry, 0) & SysPoll.POLLERR) != 0;
        } catch (UnsupportedOperationException | LinkageError elsewhere) {
            return false;
        }
    }
}
