internal import Foundation
internal import Synchronization

/// The open connections with their deadlines. libmicrohttpd only times out connections on which nothing happens; one
/// that trickles a byte a second lives for ever unless somebody cuts it.
final class ConnectionTable: Sendable {
    /// One connection; libmicrohttpd holds a reference as the connection's context.
    final class Entry: Sendable {
        let descriptor: Int32
        private let deadline: Atomic<UInt64>

        init(descriptor: Int32, deadline: UInt64) {
            self.descriptor = descriptor
            self.deadline = Atomic(deadline)
        }

        /// In nanoseconds of the monotonic clock.
        func setDeadline(_ nanoseconds: UInt64) { deadline.store(nanoseconds, ordering: .relaxed) }
        func isOverdue(at now: UInt64) -> Bool { deadline.load(ordering: .relaxed) < now }
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    var count: Int { entries.withLock { $0.count } }

    func add(_ entry: Entry) { entries.withLock { $0[ObjectIdentifier(entry)] = entry } }

    /// Called before the descriptor is closed, so none is shut down after the kernel has given its number away.
    func remove(_ entry: Entry) { entries.withLock { $0[ObjectIdentifier(entry)] = nil } }

    /// Cuts the connections whose time is over; libmicrohttpd then finds them closed.
    func cutOverdue(at now: UInt64) {
        entries.withLock { entries in
            for entry in entries.values where entry.isOverdue(at: now) {
                shutdown(entry.descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}
