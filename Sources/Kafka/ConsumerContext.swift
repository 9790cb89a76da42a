internal import CRdKafka
internal import Synchronization

/// Where a consumer's callbacks leave what they heard until the poll that ran them returns.
///
/// `@unchecked` as its superclass is; its state is behind a mutex.
final class ConsumerContext: ClientContext, @unchecked Sendable {
    private struct State {
        var events: [ConsumerEvent] = []
        var answers: [CommitAnswer] = []
        var queue: SendablePointer?
    }

    private let state = Mutex(State())
    private let joinsGroup: Bool
    /// From the request to join until the answer that says what this member has.
    private let joining = Atomic<Bool>(false)

    /// From the moment at which all brokers are down, or the group has given this member up, until a broker answers.
    private let cutOff = Atomic<Bool>(false)

    var isJoining: Bool { joining.load(ordering: .acquiring) }
    var isCutOff: Bool { cutOff.load(ordering: .relaxed) }

    init(_ settings: KafkaSettings, joinsGroup: Bool) {
        self.joinsGroup = joinsGroup
        super.init(settings)
    }

    override func install(on configuration: OpaquePointer) {
        super.install(on: configuration)
        guard joinsGroup else { return }
        rd_kafka_conf_set_rebalance_cb(configuration, rebalanceCallback)
        rd_kafka_conf_interceptor_add_on_new(configuration, interceptorName, newClient, nil)
    }

    /// Follows the group's protocol by the requests that go out and the answers that come in.
    fileprivate func sent(_ request: Int16) {
        if request == APIKey.joinGroup { joining.store(true, ordering: .releasing) }
    }

    fileprivate func received(_ answer: Int16) {
        cutOff.store(false, ordering: .relaxed)
        if answer == APIKey.syncGroup { joining.store(false, ordering: .releasing) }
    }

    /// The queue that is polled, so that a callback can end the poll that it runs in.
    func setQueue(_ queue: OpaquePointer?) {
        let queue = queue.map { SendablePointer(raw: $0) }
        state.withLock { $0.queue = queue }
    }

    func record(_ event: ConsumerEvent) {
        // A frozen broker's connections stay up for a minute: there the lost membership tells first.
        if case .lost = event { cutOff.store(true, ordering: .relaxed) }
        state.withLock { state in
            state.events.append(event)
            // librdkafka would otherwise go on waiting for records until the poll's timeout.
            if let queue = state.queue { rd_kafka_queue_yield(queue.raw) }
        }
    }

    override func record(_ error: KafkaError) {
        if error.code == .allBrokersDown { cutOff.store(true, ordering: .relaxed) }
        record(.failed(error))
    }

    fileprivate func record(_ answer: CommitAnswer) {
        state.withLock { $0.answers.append(answer) }
    }

    func takeAnswers() -> [CommitAnswer] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
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

/// Kafka's numbers of requests.
private enum APIKey {
    static let joinGroup: Int16 = 11
    static let syncGroup: Int16 = 14
}

private let interceptorName = "freshet"

// These run on librdkafka's own threads, where nothing may take long: each looks at a number and sets a flag.

private func newClient(
    _ client: OpaquePointer?, _: OpaquePointer?, _: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?, _: Int
) -> rd_kafka_resp_err_t {
    guard let client else { return RD_KAFKA_RESP_ERR_NO_ERROR }
    let opaque = rd_kafka_opaque(client)
    rd_kafka_interceptor_add_on_request_sent(client, interceptorName, requestSent, opaque)
    return rd_kafka_interceptor_add_on_response_received(client, interceptorName, responseReceived, opaque)
}

private func requestSent(
    _: OpaquePointer?, _: Int32, _: UnsafePointer<CChar>?, _: Int32, request: Int16, _: Int16, _: Int32, _: Int,
    opaque: UnsafeMutableRawPointer?
) -> rd_kafka_resp_err_t {
    if let opaque { Unmanaged<ConsumerContext>.fromOpaque(opaque).takeUnretainedValue().sent(request) }
    return RD_KAFKA_RESP_ERR_NO_ERROR
}

private func responseReceived(
    _: OpaquePointer?, _: Int32, _: UnsafePointer<CChar>?, _: Int32, request: Int16, _: Int16, _: Int32, _: Int,
    _: Int64, error: rd_kafka_resp_err_t, opaque: UnsafeMutableRawPointer?
) -> rd_kafka_resp_err_t {
    // An answer that did not come leads to another request to join, or the assignment is lost.
    if let opaque, error == RD_KAFKA_RESP_ERR_NO_ERROR {
        Unmanaged<ConsumerContext>.fromOpaque(opaque).takeUnretainedValue().received(request)
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR
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

/// Is given the context as the commit's own opaque pointer.
let commitCallback:
    @convention(c) (
        OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        UnsafeMutableRawPointer?
    ) -> Void = { _, code, list, opaque in
        guard let opaque else { return }
        let context = Unmanaged<ConsumerContext>.fromOpaque(opaque).takeUnretainedValue()
        let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code)
        context.record(CommitAnswer(offsets: PartitionList.offsets(of: list), error: error))
    }
