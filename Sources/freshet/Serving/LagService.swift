import Foundation
import Kafka
import ServiceKit
import Synchronization

/// Measures how far the worker is behind the ends of its partitions: every few seconds, with a client of its own, so
/// that no round waits for an answer.
final class LagService: Service {
    let name = "lag"
    private let client: KafkaSettings
    private let topic: String
    private let registry: MetricsRegistry
    private let positions = Mutex<[Int32: Int64]>([:])
    private let stop = Latch()
    private let logger = Logger(label: "freshet.lag")
    private static let interval = Duration.seconds(5)
    static let metric = "freshet_partition_lag"

    init(_ client: KafkaSettings, topic: String, group: String, registry: MetricsRegistry) {
        var client = client
        // A client looks for its group's coordinator even where it joins none: for one that it may describe.
        client["group.id"] = group
        self.client = client
        self.topic = topic
        self.registry = registry
    }

    func beginShutdown() { stop.set() }

    /// The partitions that the worker has, and their next offsets.
    func note(_ positions: [Int32: Int64]) { self.positions.withLock { $0 = positions } }

    func run() throws {
        do throws(KafkaError) {
            let reader = try PartitionReader(client)
            reader.freeAside()
            var shown: Set<Int32> = []
            // Soon at first: a scrape should not find nothing.
            var pause = Duration.milliseconds(500)
            while !stop.wait(for: pause) {
                let known = positions.withLock { $0 }
                pause = known.isEmpty ? .milliseconds(500) : Self.interval
                let ends = known.isEmpty ? [:] : ends(of: known.keys, reader)
                // An old lag in the place of one that is not known would look as if all were well.
                for gone in shown.subtracting(ends.keys) {
                    registry.remove(Self.metric, dimensions: Self.labels(gone))
                }
                for (partition, end) in ends {
                    Gauge(
                        label: Self.metric, dimensions: Self.labels(partition),
                        help: "Offsets between the worker's place and the partition's end.", registry: registry
                    ).record(Int(max(0, end - (known[partition] ?? end))))
                }
                shown = Set(ends.keys)
            }
        } catch {
            logger.warning("the lag cannot be measured: \(error)")
        }
    }

    /// Asks for all at once: where brokers are away, one wait is long enough.
    private func ends(of partitions: some Sequence<Int32>, _ reader: PartitionReader) -> [Int32: Int64] {
        do throws(KafkaError) {
            let asked = partitions.map { PartitionOffset(TopicPartition(topic, $0), PartitionOffset.end) }
            return try reader.offsets(atMilliseconds: asked, timeoutMilliseconds: 2_000).reduce(into: [:]) {
                if $1.offset >= 0 { $0[$1.place.partition] = $1.offset }
            }
        } catch {
            logger.debug("the ends of \(topic) are not known: \(error)")
            return [:]
        }
    }

    private static func labels(_ partition: Int32) -> [(String, String)] { [("partition", "\(partition)")] }
}
