internal import CRdKafka
internal import Foundation
internal import ServiceKit
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
        let farewell = Farewell(
            client, context, poller, pending, isSubscribed: isSubscribed, isStatic: isStatic, assignedAt: assignedAt,
            timeoutMilliseconds: Int(timeoutMilliseconds))
        Thread.detachNewThread { farewell.run() }
        return farewell.wait()
    }
}

/// A member's last words with its group.
///
/// `@unchecked Sendable`: from here on nobody else uses the consumer's queue.
private final class Farewell: @unchecked Sendable {
    private let client: ClientHandle
    private let context: ConsumerContext
    private let poller: MessagePoller
    /// What the group decided and nobody has answered.
    private let pending: ConsumerEvent?
    private let isSubscribed: Bool
    private let isStatic: Bool
    private var assignedAt: ContinuousClock.Instant?
    private let timeoutMilliseconds: Int
    private let isGivenUp = Atomic<Bool>(false)
    private let isOver = Latch()

    init(
        _ client: ClientHandle, _ context: ConsumerContext, _ poller: MessagePoller, _ pending: ConsumerEvent?,
        isSubscribed: Bool, isStatic: Bool, assignedAt: ContinuousClock.Instant?, timeoutMilliseconds: Int
    ) {
        self.client = client
        self.context = context
        self.isSubscribed = isSubscribed
        self.isStatic = isStatic
        self.assignedAt = assignedAt
        self.timeoutMilliseconds = timeoutMilliseconds
        self.poller = poller
        self.pending = pending
    }

    func wait() -> Bool {
        if isOver.wait(for: .milliseconds(timeoutMilliseconds)) { return true }
        isGivenUp.store(true, ordering: .relaxed)
        client.markStuck()
        return false
    }

    func run() {
        defer { isOver.set() }
        if let pending { answer(pending) }
        if isSubscribed { waitUntilJoined() }
        // librdkafka before 2.3 frees a sticky assignor's state that a member between joining and its first assignment does
        // not have yet, and aborts the process over it: "Assertion `assignor_state' failed" (confluentinc/librdkafka#4381).
        if isSubscribed, assignedAt == nil, client.memberID != nil, LibraryVersion.linked < LibraryVersion(2, 3, 0) {
            client.markUnfreeable()
        }
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

    /// Waits a while for the answer to a request to join. A broker reads nothing further from a connection while that request
    /// waits for the other members, so word of leaving would come after it, and is lost where the process has ended by then:
    /// the group would hold a dead member, and its partitions, until its session times out. Not for a member that has not
    /// even been given a name in a second, as where no broker answers.
    ///
    /// And librdkafka leaves a group only by way of a last revocation: one that has nothing yet says nothing (2.0 to 2.16),
    /// and gets its share when it is dead. So a new member waits for that a while.
    private func waitUntilJoined() {
        let start = ContinuousClock.now
        while !isGivenUp.load(ordering: .relaxed) {
            let waited = start.duration(to: .now)
            if !context.isJoining, let at = assignedAt,
                isStatic || hasPartitions || at.duration(to: .now) > Self.newcomer
            {
                return
            }
            if client.memberID == nil, waited > .seconds(1) { return }
            if waited > .milliseconds(timeoutMilliseconds * 3 / 4) { return }
            poller.poll(max: 1_000, timeoutMilliseconds: 20).events.forEach(answer)
        }
    }

    /// In so long a group has given a new member its share.
    private static let newcomer = Duration.seconds(3)

    private var hasPartitions: Bool {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        guard rd_kafka_assignment(client.raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return false }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        return list.pointee.cnt > 0
    }

    private func answer(_ event: ConsumerEvent) {
        switch event {
        case .assigned(let partitions):
            assignedAt = assignedAt ?? .now
            // It has to be taken before it can be given back.
            try? client.take(partitions.map { PartitionOffset($0, PartitionOffset.end) })
        case .revoked(let partitions), .lost(let partitions): try? client.letGo(partitions)
        default: break
        }
    }
}
