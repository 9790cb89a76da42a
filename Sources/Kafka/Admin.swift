internal import CRdKafka
internal import Dispatch
internal import Foundation

/// Looks after topics and groups. Every call waits for its answer; any thread may call.
public final class Admin: @unchecked Sendable {
    let client: ClientHandle
    let context: ClientContext
    let timeoutMilliseconds: Int32

    /// Connects in the background; `timeoutMilliseconds` holds for each call.
    public init(
        _ settings: KafkaSettings, timeoutMilliseconds: Int32 = 30_000
    ) throws(KafkaError) {
        context = ClientContext(settings)
        self.timeoutMilliseconds = timeoutMilliseconds
        // A producer that never produces is the lightest client: it has no group to look after.
        client = try ClientHandle(
            RD_KAFKA_PRODUCER, settings.defaulting(to: .clientDefaults), context: context)
    }

    /// Errors that came beside the answers, such as a login that was refused, since this was asked last.
    func takeErrors() -> [KafkaError] {
        rd_kafka_poll(client.raw, 0)
        return context.takeErrors()
    }

    /// The cluster's id; nil if no broker told it in time.
    public func clusterID() -> String? {
        guard let name = rd_kafka_clusterid(client.raw, timeoutMilliseconds) else { return nil }
        defer { rd_kafka_mem_free(client.raw, name) }
        return String(cString: name)
    }

    /// The controller's broker id; nil if no broker told it in time.
    public func controllerID() -> Int32? {
        let broker = rd_kafka_controllerid(client.raw, timeoutMilliseconds)
        return broker < 0 ? nil : broker
    }

    /// Issues one admin request and waits for its event.
    func request(
        _ operation: rd_kafka_admin_op_t, within timeoutMilliseconds: Int32, requiresStable: Bool = false,
        onlyValidates: Bool = false,
        _ issue: (_ options: OpaquePointer, _ queue: OpaquePointer) -> Void
    ) throws(KafkaError) -> AdminAnswer {
        let options = rd_kafka_AdminOptions_new(client.raw, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        let queue = rd_kafka_queue_new(client.raw)!
        defer { rd_kafka_queue_destroy(queue) }
        var reason = [CChar](repeating: 0, count: 128)
        try KafkaError.check(
            rd_kafka_AdminOptions_set_request_timeout(options, timeoutMilliseconds, &reason, reason.count))
        if Self.waitsForPropagation.contains(operation.rawValue) {
            // Answer only when the change is in force, or the next request may not see it.
            try KafkaError.check(
                rd_kafka_AdminOptions_set_operation_timeout(options, timeoutMilliseconds, &reason, reason.count))
        }
        if requiresStable {
            try KafkaError.check(consuming: rd_kafka_AdminOptions_set_require_stable_offsets(options, 1))
        }
        if onlyValidates {
            try KafkaError.check(rd_kafka_AdminOptions_set_validate_only(options, 1, &reason, reason.count))
        }
        issue(options, queue)
        // librdkafka times the request out by itself; the margin only guards against waiting for ever.
        guard let event = rd_kafka_queue_poll(queue, timeoutMilliseconds + 5_000) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        rd_kafka_poll(client.raw, 0)
        let answer = AdminAnswer(event: event)
        let code = rd_kafka_event_error(event)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaError(code, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        return answer
    }

    /// Makes a request to a group's coordinator, in attempts of a few seconds each. librdkafka 2.0.2 asks once for the
    /// coordinator, and where there is none yet (the first group of a new cluster) it waits until its time is up.
    func askCoordinator<Answer>(
        _ attempt: (_ timeoutMilliseconds: Int32) throws(KafkaError) -> Answer
    ) throws(KafkaError) -> Answer {
        let deadline = DispatchTime.now() + .milliseconds(Int(timeoutMilliseconds))
        while true {
            do {
                return try attempt(min(timeoutMilliseconds, Self.attemptMilliseconds))
            } catch {
                if !error.isRetriable || DispatchTime.now() >= deadline { throw error }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    private static let attemptMilliseconds: Int32 = 3_000

    private static let waitsForPropagation: Set<UInt32> = [
        RD_KAFKA_ADMIN_OP_CREATETOPICS.rawValue, RD_KAFKA_ADMIN_OP_DELETETOPICS.rawValue,
        RD_KAFKA_ADMIN_OP_CREATEPARTITIONS.rawValue, RD_KAFKA_ADMIN_OP_DELETERECORDS.rawValue,
    ]
}

/// An admin request's answer; everything read from it must be copied before it goes.
struct AdminAnswer: ~Copyable {
    let event: OpaquePointer

    deinit {
        rd_kafka_event_destroy(event)
    }
}
