import Foundation
import Kafka
import Models
import Pipeline
import Synchronization

/// A steady stream of events on a thread of its own, which knows when each was sent and where the broker put it.
final class EventLoad: Sendable {
    /// Where an event stands.
    struct Place: Hashable, Sendable {
        var partition: Int32
        var offset: Int64
    }

    private let producer: Producer
    private let topic: String
    private let rate: Double
    private let count: Int
    private let sentAt = Mutex<[Double]>([])
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - rate: events a second, at random moments.
    ///   - count: after so many it ends by itself.
    init(_ shop: BenchmarkShop, rate: Double, count: Int) throws {
        producer = try Producer(shop.client.merging(["linger.ms": "0"]))
        topic = shop.topics.events
        self.rate = rate
        self.count = count
        // Made here, since the shop's clock belongs to one thread; the events of a minute are small.
        let source = shop.source(count, .random, stepMilliseconds: 1)
        source.make(count)
        let events = SentSource(source)
        Thread.detachNewThread { [self] in
            do { try run(events.source) } catch { failure.withLock { $0 = error } }
            hasEnded.signal()
        }
    }

    private func run(_ source: EventSource) throws {
        let topic = producer.topic(topic)
        var random = RandomMoments(rate: rate)
        var due = BenchmarkClock.now
        for index in 0..<count where !isStopped.load(ordering: .relaxed) {
            due += random.next()
            while true {
                let left = due - BenchmarkClock.now
                if left <= 0 { break }
                producer.poll(timeoutMilliseconds: left > 0.002 ? 1 : 0)
                if left < 0.002 { usleep(UInt32(min(left, 0.0005) * 1e6)) }
            }
            sentAt.withLock { $0.append(BenchmarkClock.now) }
            try producer.sendWaiting(topic, source, index, tag: UInt64(index + 1))
        }
        try producer.flush(timeoutMilliseconds: 60_000)
        if let error = producer.takeFailure() { throw error }
    }

    /// Sends nothing more.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Waits for its end.
    ///
    /// - Returns: when each event was sent.
    func end() throws -> [Place: Double] {
        hasEnded.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        let moments = sentAt.withLock { $0 }
        return producer.takeDeliveries().reduce(into: [:]) { places, delivery in
            places[Place(partition: delivery.partition, offset: delivery.offset)] = moments[Int(delivery.tag) - 1]
        }
    }
}

/// Handed to the one thread that uses it from then on.
private struct SentSource: @unchecked Sendable {
    let source: EventSource
    init(_ source: EventSource) { self.source = source }
}

/// Pauses between events that come at random (a Poisson process), the same on every run.
private struct RandomMoments {
    let rate: Double
    private var generator = RandomStream(seed: 5)

    init(rate: Double) { self.rate = rate }

    mutating func next() -> Double { -log(1 - generator.uniform()) / rate }
}

enum BenchmarkClock {
    /// Seconds of a clock that never goes back.
    static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}
