internal import CRdKafka
internal import Synchronization

/// What became of one record that was sent with a tag.
public struct Delivery: Sendable, Hashable {
    /// What the send was given, never 0.
    public let tag: UInt64
    /// Where it was written, or was to be.
    public let partition: Int32
    /// The offset that the broker gave; negative where the record was not delivered.
    public let offset: Int64
    /// Why it was not delivered; nil where it was.
    public let error: KafkaError?
}

/// Counts a producer's delivery reports.
///
/// `@unchecked` as its superclass is; its state is atomic or behind a mutex.
final class ProducerContext: ClientContext, @unchecked Sendable {
    let outstanding = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    private let firstFailure = Mutex<KafkaError?>(nil)
    private let deliveries = Mutex<[Delivery]>([])

    override func install(on configuration: OpaquePointer) {
        super.install(on: configuration)
        rd_kafka_conf_set_dr_msg_cb(configuration, deliveryCallback)
    }

    func record(_ report: UnsafePointer<rd_kafka_message_t>) {
        let code = report.pointee.err
        var error: KafkaError?
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            error = Self.error(of: report)
            failures.add(1, ordering: .relaxed)
            firstFailure.withLock { if $0 == nil { $0 = error } }
        }
        if let tag = report.pointee._private {
            let delivery = Delivery(
                tag: UInt64(UInt(bitPattern: tag)), partition: report.pointee.partition,
                offset: report.pointee.offset, error: error)
            deliveries.withLock { $0.append(delivery) }
        }
        // Last, so that whoever sees zero outstanding sees the failures as well.
        outstanding.subtract(1, ordering: .acquiringAndReleasing)
    }

    func takeFailure() -> KafkaError? {
        firstFailure.withLock { kept in
            defer { kept = nil }
            return kept
        }
    }

    func takeDeliveries() -> [Delivery] {
        deliveries.withLock { kept in
            guard !kept.isEmpty else { return [] }
            defer { kept = [] }
            return kept
        }
    }

    private static func error(of report: UnsafePointer<rd_kafka_message_t>) -> KafkaError {
        let topic = report.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? "?"
        let sentence = String(cString: rd_kafka_err2str(report.pointee.err))
        return KafkaError(report.pointee.err, message: "\(topic)[\(report.pointee.partition)]: \(sentence)")
    }
}

// A constant of the file, since C calls it from whatever thread polls or flushes.
private let deliveryCallback:
    @convention(c) (OpaquePointer?, UnsafePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?) -> Void = {
        _, report, opaque in
        guard let report, let opaque else { return }
        Unmanaged<ProducerContext>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.record(report) }
    }
