// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.design.Design;
import csdesign.kit.Limits;
import java.util.List;

/// What a design honestly cannot do, with the reason: the only place where contracts
/// differ.
public final class HonestDifferences {
    /// `-n` of the pools. Enough that one can be lost and the others looked at; few, since a
    /// pool of processes starts as many JVMs for each server of each contract.
    public static final int WORKERS = 2;

    /// `--max-children` where each client has a process.
    private static final int CHILDREN = 16;

    /// The same where each process is a JVM: about as many as start at once in the time in
    /// which the contracts expect an answer.
    private static final int JVMS = 4;

    private HonestDifferences() {}

    /// The options that every server of the contracts is started with.
    public static List<String> options(Design entry) {
        if (entry.servedBy().isPool()) {
            return List.of("-n", "" + WORKERS);
        }
        return entry.servedBy().isProcessPerClient()
                ? List.of("--max-children", "" + capacity(entry))
                : List.of();
    }

    /// The most clients that it serves at once, started with [#options]. Those who come when
    /// so many are there are served when others have left; that is what they expect instead.
    ///
    /// - `iterative` serves one: a client that is connected holds up all that come after it.
    ///   It is what the design is there to show.
    /// - A worker of a pool serves one client to its end, so a pool serves `-n`.
    ///   `--max-connections`, where it is less, is how many workers there are.
    /// - A process for each client: `--max-children`.
    public static int capacity(Design entry) {
        if (entry.slug().equals("iterative")) {
            return 1;
        }
        if (entry.servedBy().isPool()) {
            return WORKERS;
        }
        if (entry.servedBy().isProcessPerClient()) {
            return startsAJvmForEachClient(entry) ? JVMS : CHILDREN;
        }
        return Limits.DEFAULT.maxConnections();
    }

    /// The kernel gives a connection to one worker's queue by a hash of its addresses. It
    /// waits there while that worker is busy, although others are not: two clients may be
    /// one too many.
    public static boolean shardsByHash(Design entry) {
        return entry.slug().equals("prefork-reuseport");
    }

    /// Each client costs the start of a JVM, some tenths of a second of CPU time: contracts of
    /// hundreds of clients are put to it with these.
    public static int mostClients(Design entry) {
        return startsAJvmForEachClient(entry) ? 24 : Integer.MAX_VALUE;
    }

    /// Clients in the queue of the main thread are accepted, and each takes a descriptor:
    /// as many as `--queue`, and one that the main thread holds until there is room.
    public static int acceptedAhead(Design entry) {
        return entry.option("--queue").map(queue -> (int) queue.byDefault() + 1).orElse(0);
    }

    /// Plain Java has no call that shuts the door of a listening socket before its queue
    /// is emptied. A connection that completes after the signal, between the last accept
    /// and the close, is reset before it got a byte. Designs that need Linux shut it by a
    /// packet filter, or by a least TTL, which needs no privilege. Where the kernel
    /// refuses both, they can do no more than plain Java, and print that:
    /// `DoorContract`.
    public static boolean mayResetNewcomersAtStop(Design entry) {
        return entry.needs().equals(Design.Needs.JDK);
    }

    private static boolean startsAJvmForEachClient(Design entry) {
        return entry.servedBy() == Design.ServedBy.JVM_PER_CLIENT;
    }
}
