// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.design.Catalog;
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
    public static List<String> options(Catalog.Entry entry) {
        if (entry.pool()) {
            return List.of("-n", "" + WORKERS);
        }
        return hasAProcessForEachClient(entry)
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
    public static int capacity(Catalog.Entry entry) {
        if (entry.slug().equals("iterative")) {
            return 1;
        }
        if (entry.pool()) {
            return WORKERS;
        }
        if (hasAProcessForEachClient(entry)) {
            return entry.startsAJvmForEachClient() ? JVMS : CHILDREN;
        }
        return Limits.DEFAULT.maxConnections();
    }

    /// The kernel gives a connection to one worker's queue by a hash of its addresses. It
    /// waits there while that worker is busy, although others are not: two clients may be
    /// one too many.
    public static boolean shardsByHash(Catalog.Entry entry) {
        return entry.slug().equals("prefork-reuseport");
    }

    /// Each client costs the start of a JVM, some tenths of a second of CPU time: contracts of
    /// hundreds of clients are put to it with these.
    public static int mostClients(Catalog.Entry entry) {
        return entry.startsAJvmForEachClient() ? 24 : Integer.MAX_VALUE;
    }

    /// Clients in the queue of the main thread are accepted, and each takes a descriptor:
    /// as many as `--queue`, and one that the main thread holds until there is room.
    public static int acceptedAhead(Catalog.Entry entry) {
        return entry.slug().equals("prethreaded-handoff") ? Limits.DEFAULT.queue() + 1 : 0;
    }

    /// A descriptor of 1,024 or more has no bit in an `fd_set`. The design prints this on
    /// stderr and closes the client that got it.
    public static boolean endsAtDescriptor1024(Catalog.Entry entry) {
        return entry.slug().equals("select");
    }

    /// Plain Java has no call that shuts the door of a listening socket before its queue
    /// is emptied. A connection that completes after the signal, between the last accept
    /// and the close, is reset before it got a byte. Designs that need Linux shut it by a
    /// packet filter, or by a least TTL, which needs no privilege. Where the kernel
    /// refuses both, they can do no more than plain Java, and print that:
    /// `DoorContract`.
    public static boolean mayResetNewcomersAtStop(Catalog.Entry entry) {
        return entry.needs() == Catalog.Needs.JDK;
    }

    /// Each client has a process, started for it.
    public static boolean hasAProcessForEachClient(Catalog.Entry entry) {
        return entry.family() == Catalog.Family.PROCESSES && !entry.pool();
    }
}
