// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// A ring without a kernel: choices decide which request completes next and how. It fails the test where
/// the driver does what a kernel would punish later.
final class FakeRing implements Ring {
    static final int ECONNRESET = 104;
    private static final int BUFFER_BYTES = 5;

    private final Choices choices;
    private final ByteBuffer[] buffers;
    private final ArrayDeque<Integer> freeBuffers = new ArrayDeque<>();
    private final TreeMap<Integer, Peer> peers = new TreeMap<>();
    private final List<Cancel> cancels = new ArrayList<>();
    private final ArrayDeque<Completion> completions = new ArrayDeque<>();
    private final List<Completion> story = new ArrayList<>();
    private Completion current = new Completion(0, 0, false, -1);

    /// How often a short send, a lack of buffers, and an end of a multishot receive happened.
    int shortSends;

    int starvations;
    int ends;

    /// Whether clients may reset their connections, whatever is in flight.
    boolean resets;

    private record Cancel(long target, long userData) {}

    private record Completion(long userData, int result, boolean more, int buffer) {}

    /// The client at the other end of a descriptor.
    static final class Peer {
        private final ByteBuffer input;
        final ByteArrayOutputStream output = new ByteArrayOutputStream();
        private boolean receiving;
        private long receiveData;
        private @Nullable ByteBuffer sending;
        private long sendData;
        private boolean shutWrite;
        private boolean shutBoth;
        boolean closed;

        /// It takes nothing of its answers for now: a send to it stays in flight.
        boolean readsNothing;

        Peer(byte[] input) {
            this.input = ByteBuffer.wrap(input);
        }
    }

    FakeRing(Choices choices, int count) {
        this.choices = choices;
        buffers = new ByteBuffer[count];
        for (int i = 0; i < count; i++) {
            buffers[i] = ByteBuffer.allocateDirect(BUFFER_BYTES);
            freeBuffers.add(i);
        }
    }

    /// A client connects, and will send so much.
    ///
    /// @return the lowest descriptor that is free
    int connect(Peer peer) {
        int fd = 3;
        while (peers.containsKey(fd)) {
            fd++;
        }
        peers.put(fd, peer);
        return fd;
    }

    /// Lets one request make progress.
    ///
    /// @return whether one could
    boolean step() {
        List<Runnable> possible = new ArrayList<>();
        for (Cancel cancel : cancels) {
            possible.add(() -> completeCancel(cancel));
        }
        for (Peer peer : peers.values()) {
            if (peer.receiving) {
                possible.add(() -> completeReceive(peer));
            }
            ByteBuffer sending = peer.sending;
            if (sending != null && !peer.readsNothing) {
                possible.add(() -> completeSend(peer, sending));
            }
        }
        if (possible.isEmpty()) {
            return false;
        }
        possible.get(choices.next(possible.size())).run();
        return true;
    }

    private void completeReceive(Peer peer) {
        if (peer.shutBoth || !peer.input.hasRemaining()) {
            end(peer, 0, -1);
            return;
        }
        if (resets && choices.next(10) == 9) {
            end(peer, -ECONNRESET, -1);
            return;
        }
        Integer buffer = freeBuffers.poll();
        if (buffer == null) {
            starvations++;
            end(peer, -Errno.ENOBUFS, -1);
            return;
        }
        int n = 1 + choices.next(Math.min(BUFFER_BYTES, peer.input.remaining()));
        buffers[buffer].clear().put(0, peer.input, peer.input.position(), n).limit(n);
        peer.input.position(peer.input.position() + n);
        if (choices.next(4) == 3) {
            end(peer, n, buffer);
        } else {
            complete(new Completion(peer.receiveData, n, true, buffer));
        }
    }

    private void end(Peer peer, int result, int buffer) {
        ends++;
        peer.receiving = false;
        complete(new Completion(peer.receiveData, result, false, buffer));
    }

    private void completeSend(Peer peer, ByteBuffer bytes) {
        peer.sending = null;
        if (peer.shutBoth) {
            complete(new Completion(peer.sendData, -Errno.EPIPE, false, -1));
            return;
        }
        int n = bytes.remaining() - choices.next(Math.min(4, bytes.remaining()));
        shortSends += n < bytes.remaining() ? 1 : 0;
        for (int i = 0; i < n; i++) {
            peer.output.write(bytes.get(bytes.position() + i));
        }
        complete(new Completion(peer.sendData, n, false, -1));
    }

    private void complete(Completion completion) {
        story.add(completion);
        completions.add(completion);
    }

    @Override
    public void receive(int fd, long userData) {
        Peer peer = peer(fd);
        assertThat(peer.receiving).as("receives twice: %s", story).isFalse();
        peer.receiving = true;
        peer.receiveData = userData;
    }

    @Override
    public void send(int fd, ByteBuffer bytes, long userData) {
        Peer peer = peer(fd);
        assertThat(peer.sending).as("two sends in flight: %s", story).isNull();
        assertThat(peer.shutWrite).as("sends after its FIN: %s", story).isFalse();
        assertThat(bytes.hasRemaining()).isTrue();
        peer.sending = bytes;
        peer.sendData = userData;
    }

    @Override
    public void cancel(long target, long userData) {
        cancels.add(new Cancel(target, userData));
    }

    private void completeCancel(Cancel cancel) {
        cancels.remove(cancel);
        boolean found = false;
        for (Peer peer : peers.values()) {
            if (peer.receiving && peer.receiveData == cancel.target()) {
                end(peer, -CompletionDriver.ECANCELED, -1);
                found = true;
            }
        }
        complete(new Completion(cancel.userData(), found ? 0 : -Errno.ENOENT, false, -1));
    }

    @Override
    public void shutdown(int fd, boolean bothHalves) {
        peer(fd).shutWrite = true;
        peer(fd).shutBoth |= bothHalves;
    }

    @Override
    public void close(int fd) {
        Peer peer = peer(fd);
        assertThat(peer.receiving || peer.sending != null).as("in flight at close: %s", story)
                .isFalse();
        peer.closed = true;
        peers.remove(fd);
    }

    @Override
    public void giveBack(int buffer) {
        assertThat(freeBuffers).as("given back twice: %s", story).doesNotContain(buffer);
        for (Peer peer : peers.values()) {
            if (peer.sending != null) {
                assertThat(overlaps(peer.sending, buffers[buffer]))
                        .as("given back while it is sent from: %s", story).isFalse();
            }
        }
        buffers[buffer].clear();
        for (int i = 0; i < BUFFER_BYTES; i++) {
            buffers[buffer].put(i, (byte) '!');
        }
        freeBuffers.add(buffer);
    }

    private static boolean overlaps(ByteBuffer one, ByteBuffer other) {
        return MemorySegment.ofBuffer(one)
                .asOverlappingSlice(MemorySegment.ofBuffer(other.duplicate().clear()))
                .isPresent();
    }

    /// A completion for which no connection waits any more.
    void forge(long userData, int result) {
        int buffer = result > 0 ? freeBuffers.remove() : -1;
        complete(new Completion(userData, result, false, buffer));
    }

    @Override
    public boolean next() {
        Completion next = completions.poll();
        if (next != null) {
            current = next;
        }
        return next != null;
    }

    @Override
    public long userData() {
        return current.userData();
    }

    @Override
    public int result() {
        return current.result();
    }

    @Override
    public boolean hasMore() {
        return current.more();
    }

    @Override
    public int buffer() {
        return current.buffer();
    }

    @Override
    public ByteBuffer bytes(int buffer) {
        return buffers[buffer];
    }

    int freeBuffers() {
        return freeBuffers.size();
    }

    private Peer peer(int fd) {
        Peer peer = peers.get(fd);
        if (peer == null) {
            throw new AssertionError("descriptor " + fd + " is closed: " + story);
        }
        return peer;
    }

    @Override
    public String toString() {
        return story.toString();
    }
}
