import Events
import Foundation
import Kafka
import ServiceKit

/// Sends events keyed by user, to the partitions that Java's clients would choose.
final class EventSender {
    private let producer: Producer
    private let topic: Producer.Topic
    private let name: String
    private var value: [UInt8] = []
    private(set) var sent = 0

    init(_ settings: KafkaSettings, topic name: String) throws {
        var settings = settings
        // Whole batches; a paced run flushes by itself before it sleeps.
        settings["linger.ms"] = settings["linger.ms"] ?? "5"
        producer = try Producer(settings)
        topic = producer.topic(name)
        self.name = name
    }

    func send(_ event: ShopEvent, _ record: DataRecord) throws {
        value.removeAll(keepingCapacity: true)
        record.appendValue(to: &value)
        try value.withUnsafeBytes { try send(key: event.user, value: $0) }
    }

    func send(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, tag: UInt64 = 0) throws {
        while try producer.send(topic, key: key, value: value, tag: tag) == .queueFull {
            producer.poll(timeoutMilliseconds: 20)
            try check()
        }
        sent += 1
        if sent & 1023 == 0 { try serve() }
    }

    /// Serves reports; fails when a record could not be delivered.
    func serve() throws {
        producer.poll(timeoutMilliseconds: 0)
        try check()
    }

    /// How many of them the broker has.
    var acknowledged: Int { sent - producer.outstandingCount - producer.failureCount }

    /// Whether some were sent that the broker does not have, or may not have.
    var hasLost: Bool { producer.outstandingCount > 0 || producer.failureCount > 0 }

    /// Waits for what is under way, whatever becomes of it.
    func drain(timeoutSeconds: Double) {
        let end = ContinuousClock.now + .seconds(timeoutSeconds)
        while producer.outstandingCount > 0, ContinuousClock.now < end { try? producer.flush(timeoutMilliseconds: 200) }
    }

    func takeDeliveries() -> [Delivery] { producer.takeDeliveries() }

    /// Waits until everything has been acknowledged.
    func finish(timeoutSeconds: Double = 60) throws {
        let end = ContinuousClock.now + .seconds(timeoutSeconds)
        while producer.outstandingCount > 0 {
            do throws(KafkaError) { try producer.flush(timeoutMilliseconds: 500) } catch {
                guard error.isRetriable, ContinuousClock.now < end else { throw failure(error) }
            }
            try check()
        }
        try check()
    }

    private func check() throws {
        if let error = producer.takeFailure() ?? producer.fatalError { throw failure(error) }
    }

    private func failure(_ error: KafkaError) -> CommandFailure {
        CommandFailure(
            "sending to \(name): \(error)", remedy: "`freshet doctor` looks for the cause", exitCode: error.exitCode)
    }
}
