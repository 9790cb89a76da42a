import Foundation
import Kafka
import Synchronization

/// Constant load from one seed: an event every so often, whatever happens to the brokers.
final class ChaosLoad: Sendable {
    struct Counts: Sendable {
        var sent = 0
        /// Acknowledged by the cluster: these must be in the topic. Others may be, where a producer broke over them.
        var acknowledged = 0
    }

    private static let users = 400
    private static let items = 600
    private let settings: KafkaSettings
    private let rate: Int
    private let seed: UInt64
    private let counts = Mutex(Counts())
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ bootstrap: String, rate: Int, seed: UInt64) {
        // An idempotent producer that waits for the cluster.
        settings = [
            "bootstrap.servers": bootstrap, "acks": "all", "message.timeout.ms": "600000", "linger.ms": "5",
        ]
        self.rate = rate
        self.seed = seed
    }

    func start() { Thread.detachNewThread { [self] in run() } }

    /// Ends the load, and waits until every event that was sent has been written.
    func stop() -> Counts {
        isStopped.store(true, ordering: .releasing)
        hasEnded.wait()
        return counts.withLock { $0 }
    }

    private func run() {
        defer { hasEnded.signal() }
        var random = ChaosRandom(seed: seed)
        let began = Date()
        var number = 0
        var earlier = Counts()
        while !isStopped.load(ordering: .acquiring) {
            // librdkafka 2.0.2 gives an idempotent producer up over lost connections: another one goes on.
            guard let producer = try? Producer(settings) else { return }
            let topic = producer.topic("events")
            var queued = 0
            while producer.fatalError == nil, !isStopped.load(ordering: .acquiring) {
                let due = Int(Date().timeIntervalSince(began) * Double(rate))
                while number < due {
                    if send(producer, topic, &random, number) { queued += 1 }
                    number += 1
                }
                producer.poll(timeoutMilliseconds: 5)
            }
            while producer.outstandingCount > 0, producer.fatalError == nil { producer.poll(timeoutMilliseconds: 100) }
            try? producer.flush(timeoutMilliseconds: 2_000)
            earlier.sent += queued
            earlier.acknowledged += queued - producer.outstandingCount - producer.failureCount
            counts.withLock { [earlier] in $0 = earlier }
        }
    }

    /// Whether the event could be queued.
    private func send(
        _ producer: Producer, _ topic: Producer.Topic, _ random: inout ChaosRandom, _ number: Int
    ) -> Bool {
        // Few users and items are frequent, as in a shop.
        let user = "u\(random.int(0...random.int(1...Self.users)))"
        let item = random.int(0...random.int(1...Self.items))
        let type = ["view", "view", "view", "cart", "remove_from_cart", "purchase"][random.int(0...5)]
        let isGone = random.int(0...999) == 0
        let time = 1_700_000_000_000 + number * 1000 - (random.int(0...19) == 0 ? random.int(0...600_000) : 0)
        let text =
            isGone
            ? #"{"event_time":\#(time),"event_type":"user_deleted","user_id":"\#(user)"}"#
            : #"{"event_time":\#(time),"event_type":"\#(type)","product_id":"p\#(item)","category_id":"c\#(item % 17)","#
                + #""user_id":"\#(user)","event_id":"e\#(number)"}"#
        return Array(user.utf8).withUnsafeBytes { key in
            Array(text.utf8).withUnsafeBytes { value in
                while true {
                    guard let sent = try? producer.send(topic, key: key, value: value) else { return false }
                    if sent == .queued { return true }
                    producer.poll(timeoutMilliseconds: 10)
                }
            }
        }
    }
}
