internal import CRdKafka

/// A member of a consumer group.
///
/// Nothing happens behind the application's back: the group's decisions arrive as values of ``poll(max:timeoutMilliseconds:)``,
/// and take effect when the application answers them. Until then revoked partitions stay ours, so there is time to
/// finish, flush and commit. But meanwhile librdkafka holds back the records of *all* partitions, and the whole group
/// waits, for at most `max.poll.interval.ms`: answer an assignment at once (paused, if state must be restored first),
/// and a revocation as soon as its partitions are committed.
///
/// Use it from one thread at a time. ``wake()``, ``wakeFetchers()``, ``groupMetadata()``, ``memberID``,
/// ``isJoining``, ``isCutOff``, ``isAssignmentLost``, ``committed(_:timeoutMilliseconds:)`` and
/// ``queryWatermarks(_:timeoutMilliseconds:)`` may be called from any thread.
public final class GroupConsumer: @unchecked Sendable {
    let client: ClientHandle
    let context: ConsumerContext
    let poller: MessagePoller
    /// Where answers to commits arrive, so that they can be waited for without taking records.
    let commits: OpaquePointer
    /// Partitions that the application paused: only these may be resumed, since librdkafka before 2.4 delivers records
    /// again when a partition that was not paused is resumed.
    var paused: Set<TopicPartition> = []
    /// What the group decided and the application has not answered yet.
    var pending: ConsumerEvent?
    var isClosed = false
    /// Whether it has asked to be a member.
    var isSubscribed = false
    /// When the group told this member for the first time what it has.
    var assignedAt: ContinuousClock.Instant?
    /// Whether the group holds its place when it leaves.
    let isStatic: Bool

    /// Connects in the background; joins no group before ``subscribe(to:)``. `group.id` is required, and with
    /// `group.instance.id` the membership is static: leaving is then noticed only after `session.timeout.ms`.
    public init(_ settings: KafkaSettings) throws(KafkaError) {
        guard settings["group.id"]?.isEmpty == false else {
            throw KafkaError(code: .invalidArgument, message: "property \"group.id\": a group consumer needs one")
        }
        isStatic = settings["group.instance.id"] != nil
        context = ConsumerContext(settings, joinsGroup: true)
        let settings = settings.defaulting(to: .groupDefaults)
        client = try ClientHandle(RD_KAFKA_CONSUMER, settings, context: context)
        poller = MessagePoller(client, context, settings)
        commits = rd_kafka_queue_new(client.raw)
    }

    deinit {
        defer { rd_kafka_queue_destroy(commits) }
        if !isClosed { close(timeoutMilliseconds: 5_000) }
    }

    /// Joins the group for these topics (a name that starts with `^` is a regular expression), in place of any before.
    public func subscribe(to topics: [String]) throws(KafkaError) {
        let list = PartitionList(topics.map { TopicPartition($0, -1) })
        isSubscribed = true
        try KafkaError.check(rd_kafka_subscribe(client.raw, list.raw))
    }

    /// What came: at most `max` records, and all events. Waits only if there is nothing at all, and returns as soon as
    /// there is anything. Must be called at least once every `max.poll.interval.ms`.
    public func poll(max: Int, timeoutMilliseconds: Int32) -> Polled {
        precondition(!isClosed)
        let polled = poller.poll(max: max, timeoutMilliseconds: timeoutMilliseconds)
        for event in polled.events {
            switch event {
            case .assigned, .revoked, .lost:
                pending = event
                assignedAt = assignedAt ?? .now
            default: break
            }
        }
        return polled
    }

    /// Whether all brokers are down, or the group has given this member up, and no broker has answered since then.
    /// May be called from any thread.
    public var isCutOff: Bool { context.isCutOff }

    /// Ends a poll that waits on another thread.
    public func wake() {
        rd_kafka_queue_yield(poller.queue)
    }

    /// This member's id, which the broker gives; nil before it joined.
    public var memberID: String? { client.memberID }

    /// Whether this member has asked to join and does not know yet what it has. A commit of offsets then waits at the
    /// coordinator behind that request, and is refused afterwards, since it names the generation before; librdkafka before
    /// 2.10 takes that for the loss of all partitions (confluentinc/librdkafka#4908). So hold it back until this is false.
    public var isJoining: Bool { context.isJoining }

    /// The standing to show in ``Producer/sendOffsets(_:group:timeoutMilliseconds:)``, as of now. A member that was expelled has
    /// none, and offsets of nobody in particular would be taken from it without a check.
    public func groupMetadata() throws(KafkaError) -> GroupMetadata {
        // The same member before and after: what was fetched in between is its own.
        let member = memberID
        guard let member, let metadata = GroupMetadata(client), memberID == member, !isAssignmentLost else {
            throw KafkaError(code: .unknownMember, message: "this member is no longer in its group")
        }
        return metadata
    }

    /// Whether the current assignment is gone without a chance to finish (session timed out, fenced).
    public var isAssignmentLost: Bool { rd_kafka_assignment_lost(client.raw) != 0 }

    /// The error that made this consumer unusable, if one did; then close it and make a new one.
    public var fatalError: KafkaError? { client.fatalError }
}

extension ClientHandle {
    var memberID: String? {
        guard let name = rd_kafka_memberid(raw) else { return nil }
        defer { rd_kafka_mem_free(raw, name) }
        return name.pointee == 0 ? nil : String(cString: name)
    }
}
