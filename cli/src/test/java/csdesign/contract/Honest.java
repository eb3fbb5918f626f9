// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.design.Catalog;

/// What a design honestly cannot do, with the reason: the only place where contracts
/// differ.
final class Honest {
    private Honest() {}

    /// A client that is connected holds up all that come after it. It is what the design
    /// is there to show. Contracts of a second client assert the opposite for it: that
    /// this client is served once the first has left.
    static boolean servesOneAtATime(Catalog.Entry entry) {
        return entry.slug().equals("iterative");
    }

    /// A descriptor of 1,024 or more has no bit in an `fd_set`. The design says so on
    /// stderr and closes the client that got it.
    static boolean endsAtDescriptor1024(Catalog.Entry entry) {
        return entry.slug().equals("select");
    }

    /// Plain Java has no call that shuts the door of a listening socket before its queue
    /// is emptied. A connection that completes after the signal, between the last accept
    /// and the close, is reset before it got a byte. Designs that need Linux shut it by a
    /// packet filter.
    static boolean mayResetNewcomersAtStop(Catalog.Entry entry) {
        return entry.needs() == Catalog.Needs.JDK;
    }
}
