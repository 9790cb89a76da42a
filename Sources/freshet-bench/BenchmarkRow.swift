/// One benchmark: it makes its own workload and gives its figures.
protocol BenchmarkRow: SendableMetatype {
    static var name: String { get }
    static func measure() throws -> [Figure]
}

/// A line of the table.
struct Figure {
    var what: String
    var measured: String
    var target = ""
    /// Nil where nothing is asked.
    var isReached: Bool?
    var note = ""

    var verdict: String {
        switch isReached {
        case .some(true): "ok"
        case .some(false): "SHORT"
        case .none: ""
        }
    }
}

/// 1234567 as 1,234,567.
func grouped(_ value: Double) -> String {
    var digits = Array(String(Int(value.rounded())))
    var place = digits.count - 3
    while place > 0 {
        digits.insert(",", at: place)
        place -= 3
    }
    return String(digits)
}
