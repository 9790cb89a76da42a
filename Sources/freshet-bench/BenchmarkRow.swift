import ServiceKit

/// One benchmark: it makes its own workload and gives its figures.
protocol BenchmarkRow: SendableMetatype {
    static var name: String { get }
    static func measure(_ run: BenchmarkRun) throws -> [Figure]
}

/// A line of the table.
struct Figure {
    var what: String
    var measured: String
    var target = ""
    /// Nil where nothing is asked.
    var isReached: Bool?
    var note = ""

    /// In place of a row that needs a real Kafka. The broker inside librdkafka would not do: it has no transactions, and
    /// drops what is older than 100,000 records or 5 MB of a partition.
    static func withoutBroker(_ what: String) -> Figure {
        Figure(
            what: what, measured: "not measured",
            note: "needs a real Kafka: set KAFKA_BOOTSTRAP, or FRESHET_KAFKA_TOOL to a tool that starts one")
    }

    var verdict: String {
        switch isReached {
        case .some(true): "ok"
        case .some(false): "SHORT"
        case .none: ""
        }
    }
}

/// 1234567 as 1,234,567.
func grouped(_ value: Double) -> String { HumanFormat.grouped(Int(value.rounded())) }
