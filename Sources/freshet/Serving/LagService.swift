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
    private let stop = StopRequest()
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

    func beginShutdown() { stop.request() }

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
                for gone in shown.subtracting(known.keys) {
                    registry.remove(Self.metric, dimensions: Self.labels(gone))
                }
                shown.formIntersection(known.keys)
                for (partition, position) in known where !stop.isRequested {
                    do throws(KafkaError) {
                        let end = try reader.queryWatermarks(
                            TopicPartition(topic, partition), timeoutMilliseconds: 1_000
                        ).high
                        Gauge(
                            label: Self.metric, dimensions: Self.labels(partition),
                            help: "Offsets between the worker's place and the partition's end.", registry: registry
                        ).record(Int(max(0, end - position)))
                        shown.insert(partition)
                    } catch {
                        logger.debug("the end of \(topic)[\(partition)] is not known: \(error)")
                    }
                }
            }
        } catch {
            logger.warning("the lag cannot be measured: \(error)")
        }
    }

    private static func labels(_ partition: Int32) -> [(String, String)] { [("partition", "\(partition)")] }
}
