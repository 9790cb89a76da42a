internal import CRdKafka
internal import Dispatch
internal import Foundation
internal import Synchronization

extension GroupConsumer {
    /// Leaves the group (a static member stays in it until its session times out) and returns whether that was done in
    /// time. Partitions that are still assigned are let go without asking again: finish, flush and commit before.
    ///
    /// librdkafka can hang on close: during an assignment (before 2.4), and where it is told about one just when it ends its
    /// side of the group (2.0.2 throws the question away that a call waits for). So all of it happens on a thread of its
    /// own. When the time is up the client is left to that, and the group notices the loss after `session.timeout.ms`.
    @discardableResult
    public func close(timeoutMilliseconds: Int32) -> Bool {
        if isClosed { return true }
        isClosed = true
        // librdkafka before 2.3 frees a sticky assignor's state that a member between joining and its first assignment does
        // not have yet, and aborts the process over it: "Assertion `assignor_state' failed" (confluentinc/librdkafka#4381).
        let needsAssignment = isSubscribed && !wasAssigned && LibraryVersion.linked < LibraryVersion(2, 3, 0)
        let farewell = Farewell(client, poller, pending, needsAssignment: needsAssignment)
        Thread.detachNewThread { farewell.run() }
        return farewell.wait(milliseconds: Int(timeoutMilliseconds))
    }
}

/// A member's last words with its group.
///
/// `@unchecked Sendable`: from here on nobody else uses the consumer's queue.
private final class Farewell: @unchecked Sendable {
    private let client: ClientHandle
    private let poller: MessagePoller
    /// What the group decided and nobody has answered.
    private let pending: ConsumerEvent?
    private let needsAssignment: Bool
    private let isGivenUp = Atomic<Bool>(false)
    private let isOver = DispatchSemaphore(value: 0)

    init(_ client: ClientHandle, _ poller: MessagePoller, _ pending: ConsumerEvent?, needsAssignment: Bool) {
        self.needsAssignment = needsAssignment
        self.client = client
        self.poller = poller
        self.pending = pending
    }

    func wait(milliseconds: Int) -> Bool {
        if isOver.wait(timeout: .now() + .milliseconds(milliseconds)) == .success { return true }
        isGivenUp.store(true, ordering: .relaxed)
        client.markStuck()
        return false
    }

    func run() {
        defer { isOver.signal() }
        if let pending { answer(pending) }
        if needsAssignment, !isAssigned() { client.markUnfreeable() }
        if let error = rd_kafka_consumer_close_queue(client.raw, poller.queue) {
            // Already closing, or fatal: then there is no group to leave any more.
            rd_kafka_error_destroy(error)
            return
        }
        while rd_kafka_consumer_closed(client.raw) == 0, !isGivenUp.load(ordering: .relaxed) {
            // Closing asks for the last revocation through the same queue.
            poller.poll(max: 1_000, timeoutMilliseconds: 20).events.forEach(answer)
        }
    }

    /// Waits a while for the first assignment, which mostly has come already; not for one that has not even joined by then,
    /// as where no broker answers.
    private func isAssigned() -> Bool {
        let start = ContinuousClock.now
        while !isGivenUp.load(ordering: .relaxed) {
            let waited = start.duration(to: .now)
            if waited > .milliseconds(500), client.memberID == nil { return true }
            if waited > .milliseconds(1_500) { return false }
            let events = poller.poll(max: 1_000, timeoutMilliseconds: 20).events
            events.forEach(answer)
            for case .assigned in events { return true }
        }
        return false
    }

    private func answer(_ event: ConsumerEvent) {
        switch event {
        case .assigned(let partitions):
            // It has to be taken before it can be given back.
            try? client.take(partitions.map { PartitionOffset($0, PartitionOffset.end) })
        case .revoked(let partitions), .lost(let partitions): try? client.letGo(partitions)
        default: break
        }
    }
}
