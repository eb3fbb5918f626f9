// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_ERROR;

import csdesign.kit.Limits;
import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.service.Conversation;
import csdesign.service.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/// The readiness driver: one connection of a loop. It reads and writes what it can
/// without waiting and answers what to watch for next.
///
/// ```text
///            onReadable        onReadable | onWritable | onDeadline
///   READ ------------------> advance: step after step ------------+
///    ^  WRITE: the socket's buffer is full, or its turn is over <--+
///    |  WAIT: the answer waits <-----------------------------------+
///    +--------- all said, or lingering: shut, and reading to the end
///                                         CLOSE <------------------+
/// ```
///
/// A request costs recv(2) and send(2) and nothing else. It is read once per readiness,
/// for what is left makes a level-triggered loop ask again.
public final class Connection {
    /// How much one connection may send before the others get their turn. A client that
    /// reads as fast as we write would otherwise keep a 1 GiB answer, and the loop, to
    /// itself.
    private static final int TURN_BYTES = 256 * 1024;

    /// What a step costs of the turn at least: a thousand answers of 1 byte are a long
    /// turn too.
    private static final int STEP_BYTES = 4 * 1024;

    private enum Timer {
        IDLE,
        REQUEST,
        WAIT,
        LINGER
    }

    private enum Received {
        BYTES,
        END,
        NOTHING,
        LOST
    }

    private final Connections owner;
    private final int fd;
    private final Conversation conversation;
    private @Nullable Interest watched;
    private Step step = Step.NeedMore.IDLE;

    /// Lent while it holds bytes that were not consumed or not sent.
    private Connections.@Nullable Buffer in;

    /// The file of a [Step.SendFile] under way: its descriptor, where it stands, what is
    /// left.
    private int file = -1;

    private long fileOffset;
    private long fileLeft;

    private boolean ended;
    private boolean lingering;
    private long counted;
    private Timer timer = Timer.IDLE;
    long deadlineNanos;
    long heapNanos;
    int heapIndex;

    Connection(Connections owner, int fd, Conversation conversation) {
        this.owner = owner;
        this.fd = fd;
        this.conversation = conversation;
        deadlineNanos = owner.nowNanos() + owner.limits.idleMillis() * 1_000_000;
        heapNanos = deadlineNanos;
    }

    /// The descriptor.
    ///
    /// @return the descriptor
    public int fd() {
        return fd;
    }

    /// What the loop watches for: its own note of what it last obeyed.
    ///
    /// @return null before the first time
    public @Nullable Interest watched() {
        return watched;
    }

    /// Notes what the loop watches for from now on.
    ///
    /// @param interest what was obeyed
    public void watched(Interest interest) {
        watched = interest;
    }

    /// The connection begins: a service may speak first.
    ///
    /// @return what to watch for first
    public Interest onOpen() {
        step = conversation.next();
        return advance();
    }

    /// There is something to read: bytes, the end, or an error.
    ///
    /// @return what to watch for next
    public Interest onReadable() {
        if (watched == Interest.WAIT) {
            // poll and epoll report a hang-up unasked: the client is gone, its answer with it.
            // Without an error the report is older than the wait: a stop answers everybody in
            // the middle of a round.
            return SysSocket.getsockopt(owner.errno, fd, SOL_SOCKET, SO_ERROR) == 0
                    ? Interest.WAIT
                    : Interest.CLOSE;
        }
        return switch (receive()) {
            case BYTES, END -> {
                step = conversation.next();
                yield advance();
            }
            case NOTHING -> Interest.READ;
            case LOST -> Interest.CLOSE;
        };
    }

    /// There is room to write.
    ///
    /// @return what to watch for next
    public Interest onWritable() {
        return advance();
    }

    /// The deadline has passed: of an answer that waited, a request, a linger, or an idle
    /// client.
    ///
    /// @return what to watch for next
    public Interest onDeadline() {
        return switch (timer) {
            case IDLE -> owner.stopping() && step instanceof Step.NeedMore
                    ? linger() // its last call is over
                    : Interest.CLOSE;
            case LINGER -> Interest.CLOSE;
            case REQUEST -> {
                conversation.late();
                step = conversation.next();
                yield advance();
            }
            case WAIT -> {
                step = conversation.next();
                yield advance();
            }
        };
    }

    /// The server shall stop. Who is being answered is answered; who asked before is told
    /// that no more is read; who has not asked yet has the last call.
    ///
    /// @return what to watch for next
    public Interest onStop() {
        if (lingering) {
            arm(Timer.LINGER, Limits.LAST_CALL_MILLIS);
            return Interest.READ;
        }
        if (!(step instanceof Step.NeedMore)) {
            return watched == null ? Interest.WRITE : watched; // in flight: goes on as it did
        }
        // What it sent before is still read, and answered. Then it hears that this was all; one
        // that has not asked yet has the last call.
        return advance();
    }

    /// Takes step after step until one must wait, or the turn is over.
    private Interest advance() {
        int turn = TURN_BYTES;
        do {
            switch (step) {
                case Step.NeedMore(boolean begun) -> {
                    Connections.Buffer buffer = in;
                    if (buffer != null && buffer.bytes().hasRemaining()) {
                        turn -= STEP_BYTES; // requests of no bytes make no other step
                        conversation.receive(buffer.bytes());
                    } else if (ended) {
                        return Interest.CLOSE;
                    } else if (!begun && owner.stopping() && conversation.requests() > 0) {
                        giveBack();
                        switch (receive()) { // what it sent before it heard of the stop
                            case BYTES, END -> turn -= STEP_BYTES;
                            case NOTHING -> {
                                return linger();
                            }
                            case LOST -> {
                                return Interest.CLOSE;
                            }
                        }
                    } else {
                        return read(begun);
                    }
                }
                case Step.Send(ByteBuffer bytes) -> {
                    turn -= Math.max(STEP_BYTES, bytes.remaining());
                    long n = sendAll(bytes);
                    if (n < 0) {
                        return blocked(n);
                    }
                }
                case Step.SendFile send -> {
                    long n = sendFile(send, turn);
                    if (n < 0) {
                        return blocked(n);
                    }
                    turn -= Math.max(STEP_BYTES, (int) n);
                    if (fileLeft > 0) {
                        return blocked(-Errno.EAGAIN);
                    }
                    closeFile();
                }
                case Step.Wait(long nanos) -> {
                    timer = Timer.WAIT;
                    owner.deadline(this, owner.nowNanos() + nanos);
                    return Interest.WAIT;
                }
                case Step.Close _ -> {
                    return linger();
                }
            }
            step = conversation.next();
        } while (turn > 0);
        // The others first; a socket that can be written brings us back here.
        return blocked(-Errno.EAGAIN);
    }

    /// All that came is answered: waits for more.
    private Interest read(boolean begun) {
        giveBack();
        boolean another = count();
        if (begun) {
            if (another || timer != Timer.REQUEST) { // absolute: later bytes do not move it
                arm(Timer.REQUEST, owner.limits.requestMillis());
            }
            return Interest.READ;
        }
        arm(Timer.IDLE, owner.stopping() ? Limits.LAST_CALL_MILLIS : owner.limits.idleMillis());
        return Interest.READ;
    }

    /// Reads once, and gives the conversation what came.
    private Received receive() {
        Connections.Buffer buffer = owner.take();
        long n = SysSocket.recv(owner.errno, fd, buffer.segment(), Connections.READ_BYTES, 0);
        if (n > 0 && !lingering) {
            in = buffer;
            conversation.receive(buffer.bytes().limit((int) n).position(0));
            return Received.BYTES;
        }
        owner.give(buffer);
        if (n > 0 || n == -Errno.EAGAIN || n == -Errno.EINTR) {
            return Received.NOTHING;
        }
        if (n < 0 || lingering) {
            return Received.LOST;
        }
        ended = true;
        conversation.endOfInput();
        return Received.END;
    }

    /// The socket took a part or nothing: comes back when it is writable, or not at all.
    private Interest blocked(long error) {
        if (error != -Errno.EAGAIN && error != -Errno.EINTR) {
            return Interest.CLOSE; // EPIPE or ECONNRESET: the client is gone
        }
        arm(Timer.IDLE, owner.limits.idleMillis());
        return Interest.WRITE;
    }

    /// Closes in two steps: we have said all, then the client has. See
    /// [Limits#LINGER_MILLIS].
    private Interest linger() {
        giveBack();
        count();
        if (ended || SysSocket.shutdown(owner.errno, fd, SHUT_WR) < 0) {
            return Interest.CLOSE;
        }
        lingering = true;
        arm(Timer.LINGER, owner.stopping() ? Limits.LAST_CALL_MILLIS : Limits.LINGER_MILLIS);
        return Interest.READ;
    }

    private void arm(Timer next, long millis) {
        timer = next;
        owner.deadline(this, owner.nowNanos() + millis * 1_000_000);
    }

    /// @return 0 when all of it went; else a negative errno, EAGAIN also when a part went
    private long sendAll(ByteBuffer bytes) {
        long n = bytes.hasRemaining() ? send(bytes) : 0;
        if (n < 0) {
            return n;
        }
        bytes.position(bytes.position() + (int) n);
        owner.row.write(n);
        return bytes.hasRemaining() ? -Errno.EAGAIN : 0; // as the next send would say
    }

    private long send(ByteBuffer bytes) {
        if (!bytes.isDirect()) {
            return sendCopied(bytes);
        }
        MemorySegment segment = MemorySegment.ofBuffer(bytes);
        return SysSocket.send(owner.errno, fd, segment, segment.byteSize(), MSG_NOSIGNAL);
    }

    /// The kernel cannot be handed a heap buffer: the collector may move it.
    private long sendCopied(ByteBuffer bytes) {
        Connections.Buffer copy = owner.take();
        int n = Math.min(bytes.remaining(), Connections.READ_BYTES);
        MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, copy.segment(), 0, n);
        long sent = SysSocket.send(owner.errno, fd, copy.segment(), n, MSG_NOSIGNAL);
        owner.give(copy);
        return sent;
    }

    /// @return 0 or more bytes sent, 0 with `fileLeft` 0 at the end of the file; or a
    ///     negative errno
    private long sendFile(Step.SendFile send, long most) {
        try (Arena arena = Arena.ofConfined()) {
            if (file < 0) {
                int opened = Fcntl.open(
                        owner.errno,
                        arena.allocateFrom(send.file().toString()),
                        Fcntl.O_RDONLY | Fcntl.O_CLOEXEC);
                if (opened < 0) {
                    return -Errno.EPIPE; // the service promised a file that is not there: hang up
                }
                file = opened;
                fileOffset = send.offset();
                fileLeft = send.count();
            }
            MemorySegment offset = arena.allocateFrom(ValueLayout.JAVA_LONG, fileOffset);
            long n = fileLeft == 0
                    ? 0
                    : SysSendfile.sendfile(
                            owner.errno, fd, file, offset, Math.min(fileLeft, most));
            if (n == 0 && fileLeft > 0) {
                return -Errno.EPIPE; // the file is shorter than promised
            }
            if (n > 0) {
                fileOffset += n;
                fileLeft -= n;
                owner.row.write(n);
            }
            return n;
        }
    }

    private void closeFile() {
        if (file >= 0) {
            Unistd.close(owner.errno, file);
            file = -1;
        }
    }

    private void giveBack() {
        if (in != null) {
            owner.give(in);
            in = null;
        }
    }

    /// Counts what was answered since the last time.
    private boolean count() {
        long answered = conversation.requests() - counted;
        if (answered > 0) {
            owner.row.answer(answered);
            counted += answered;
        }
        return answered > 0;
    }

    /// Whether the client has begun to ask, and its answer is not all sent.
    boolean owes() {
        boolean idle = step instanceof Step.NeedMore(boolean begun) && !begun;
        return !lingering && !idle;
    }

    /// Called once by [Connections#close(Connection)].
    void end() {
        giveBack();
        closeFile();
    }
}
