import Foundation

/// The user fold fed by a real Kafka, beside librdkafka's consumer that drops what it gets.
enum ReplayRow: BenchmarkRow {
    static let name = "replay"

    static func measure() throws -> [Figure] {
        guard let bootstrap = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP"] else {
            return [
                Figure(
                    what: "user fold only, from Kafka, of raw consume", measured: "not measured", target: "50%",
                    note: "set KAFKA_BOOTSTRAP, or FRESHET_KAFKA_TOOL to a tool that starts a broker")
            ]
        }
        _ = bootstrap
        return []
    }
}
