internal import CRdKafka
internal import Dispatch

extension GroupConsumer {
    /// Leaves the group (a static member stays in it until its session times out) and returns whether that was done in
    /// time. Partitions that are still assigned are let go without asking again: finish, flush and commit before.
    ///
    /// librdkafka can hang on close (during an assignment, before 2.4). When the time is up the client is left to a
    /// thread of its own, and the group notices the loss after `session.timeout.ms`.
    @discardableResult
    public func close(timeoutMilliseconds: Int32) -> Bool {
        if isClosed { return true }
        isClosed = true
        // librdkafka (2.0.2) frees a sticky assignor's state that a member between joining and its first assignment does
        // not have yet, and aborts the process over it: "Assertion `assignor_state' failed".
        if !wasAssigned, memberID != nil { client.markUnfreeable() }
        // A member that was fenced has nothing to answer: librdkafka ends its side of the group by itself, and a call that
        // comes just then waits for an answer for ever.
        if fatalError == nil { answerPending() }
        if let error = rd_kafka_consumer_close_queue(client.raw, poller.queue) {
            // Already closing, or fatal: then there is no group to leave any more.
            rd_kafka_error_destroy(error)
            return true
        }
        let deadline = DispatchTime.now().uptimeNanoseconds + UInt64(timeoutMilliseconds) * 1_000_000
        while rd_kafka_consumer_closed(client.raw) == 0 {
            if DispatchTime.now().uptimeNanoseconds >= deadline {
                client.markStuck()
                return false
            }
            // Closing asks for the last revocation through the same queue.
            for event in poller.poll(max: 1_000, timeoutMilliseconds: 20).events {
                switch event {
                case .assigned, .revoked, .lost:
                    pending = event
                    if fatalError == nil { answerPending() }
                default: break
                }
            }
        }
        return true
    }

    private func answerPending() {
        switch pending {
        case .assigned(let partitions):
            // It has to be taken before it can be given back.
            try? completeAssignment(partitions.map { PartitionOffset($0, PartitionOffset.end) }, paused: true)
        case .revoked, .lost: try? completeRevocation()
        default: break
        }
    }
}
