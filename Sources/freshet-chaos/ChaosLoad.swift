import Foundation
import Kafka
import Synchronization

/// Constant load from one seed: an event every so often, whatever happens to the brokers.
final class ChaosLoad: Sendable {
    struct Counts: Sendable {
        var sent = 0
        var delivered = 0
        var failed = 0
        /// Events that delete their user, and teach the items nothing.
        var deletions = 0
    }

    private static let users = 400
    private static let items = 600
    private let producer: Producer
    private let rate: Int
    private let seed: UInt64
    private let counts = Mutex(Counts())
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ bootstrap: String, rate: Int, seed: UInt64) throws {
        // Nothing of the load itself may get lost or come twice: an idempotent producer that waits for the cluster.
        producer = try Producer([
            "bootstrap.servers": bootstrap, "acks": "all", "message.timeout.ms": "600000", "linger.ms": "5",
        ])
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
        var random = ChaosRandom(seed: seed)
        let topic = producer.topic("events")
        let began = Date()
        var sent = 0
        while !isStopped.load(ordering: .acquiring) {
            let due = Int(Date().timeIntervalSince(began) * Double(rate))
            while sent < due {
                send(topic, &random, sent)
                sent += 1
            }
            producer.poll(timeoutMilliseconds: 5)
            note(sent)
        }
        while producer.outstandingCount > 0 { producer.poll(timeoutMilliseconds: 100) }
        note(sent)
        hasEnded.signal()
    }

    private func send(_ topic: Producer.Topic, _ random: inout ChaosRandom, _ number: Int) {
        // Few users and items are frequent, as in a shop.
        let user = "u\(random.int(0...random.int(1...Self.users)))"
        let item = random.int(0...random.int(1...Self.items))
        let type = ["view", "view", "view", "cart", "remove_from_cart", "purchase"][random.int(0...5)]
        let isGone = random.int(0...999) == 0
        if isGone { counts.withLock { $0.deletions += 1 } }
        let time = 1_700_000_000_000 + number * 1000 - (random.int(0...19) == 0 ? random.int(0...600_000) : 0)
        let text =
            isGone
            ? #"{"event_time":\#(time),"event_type":"user_deleted","user_id":"\#(user)"}"#
            : #"{"event_time":\#(time),"event_type":"\#(type)","product_id":"p\#(item)","category_id":"c\#(item % 17)","#
                + #""user_id":"\#(user)","event_id":"e\#(number)"}"#
        Array(user.utf8).withUnsafeBytes { key in
            Array(text.utf8).withUnsafeBytes { value in
                while (try? producer.send(topic, key: key, value: value)) == .queueFull {
                    producer.poll(timeoutMilliseconds: 10)
                }
            }
        }
    }

    private func note(_ sent: Int) {
        let failed = producer.failureCount
        let delivered = sent - producer.outstandingCount - failed
        counts.withLock { ($0.sent, $0.delivered, $0.failed) = (sent, delivered, failed) }
    }
}
