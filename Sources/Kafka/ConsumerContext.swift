internal import CRdKafka
internal import Synchronization

/// Where a consumer's callbacks leave what they heard until the poll that ran them returns.
///
/// `@unchecked` as its superclass is; its state is behind a mutex.
final class ConsumerContext: ClientContext, @unchecked Sendable {
    private struct State {
        var events: [ConsumerEvent] = []
        var queue: SendablePointer?
    }

    private let state = Mutex(State())
    private let joinsGroup: Bool

    init(log: KafkaLog?, joinsGroup: Bool) {
        self.joinsGroup = joinsGroup
        super.init(log: log)
    }

    override func install(on configuration: OpaquePointer) {
        super.install(on: configuration)
        guard joinsGroup else { return }
        rd_kafka_conf_set_rebalance_cb(configuration, rebalanceCallback)
        rd_kafka_conf_set_offset_commit_cb(configuration, commitCallback)
    }

    /// The queue that is polled, so that a callback can end the poll that it runs in.
    func setQueue(_ queue: OpaquePointer?) {
        let queue = queue.map { SendablePointer(raw: $0) }
        state.withLock { $0.queue = queue }
    }

    func record(_ event: ConsumerEvent) {
        state.withLock { state in
            state.events.append(event)
            // librdkafka would otherwise go on waiting for records until the poll's timeout.
            if let queue = state.queue { rd_kafka_queue_yield(queue.raw) }
        }
    }

    override func record(_ error: KafkaError) {
        record(.failed(error))
    }

    var hasEvents: Bool { state.withLock { !$0.events.isEmpty } }

    func takeEvents() -> [ConsumerEvent] {
        state.withLock { state in
            guard !state.events.isEmpty else { return [] }
            defer { state.events = [] }
            return state.events
        }
    }
}

private let rebalanceCallback:
    @convention(c) (
        OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        UnsafeMutableRawPointer?
    ) -> Void = { client, code, list, opaque in
        guard let client, let opaque else { return }
        let context = Unmanaged<ConsumerContext>.fromOpaque(opaque).takeUnretainedValue()
        let partitions = PartitionList.partitions(of: list)
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            context.record(.assigned(partitions))
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            context.record(rd_kafka_assignment_lost(client) != 0 ? .lost(partitions) : .revoked(partitions))
        default:
            // An error in place of an assignment; librdkafka demands this call to find its feet again.
            rd_kafka_assign(client, nil)
            context.record(.failed(KafkaError(code)))
        }
    }

private let commitCallback:
    @convention(c) (
        OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        UnsafeMutableRawPointer?
    ) -> Void = { _, code, list, opaque in
        guard let opaque, code != RD_KAFKA_RESP_ERR__NO_OFFSET else { return }
        let context = Unmanaged<ConsumerContext>.fromOpaque(opaque).takeUnretainedValue()
        let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code)
        context.record(.committed(PartitionList.offsets(of: list), error))
    }
