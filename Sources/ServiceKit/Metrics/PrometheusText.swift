/// The text that Prometheus scrapes, growing line by line.
struct PrometheusText {
    var bytes: [UInt8] = []

    mutating func header(name: String, kind: String, help: String) {
        let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        bytes += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n".utf8
    }

    mutating func sample(_ name: String, _ labels: String, _ value: String) {
        bytes += (labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n").utf8
    }

    mutating func histogram(_ name: String, _ labels: String, _ cell: HistogramCell) {
        let (counts, sum) = cell.load()
        let comma = labels.isEmpty ? "" : ","
        var total = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < cell.bounds.count ? seconds(cell.bounds[index]) : "+Inf"
            sample(name + "_bucket", "\(labels)\(comma)le=\"\(bound)\"", String(total))
        }
        sample(name + "_sum", labels, seconds(sum))
        sample(name + "_count", labels, String(total))
    }
}

/// Divided, not multiplied by what a Double cannot hold: 30 s are `30`, and not `30.000000000000004`.
private func seconds(_ nanoseconds: Int) -> String { number(Double(nanoseconds) / 1e9) }

/// `a="1",b="2"`, in the order given, escaped as the format asks.
func labelText(_ dimensions: [(String, String)]) -> String {
    dimensions.map { name, value in
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\(name)=\"\(escaped)\""
    }.joined(separator: ",")
}

/// Whole numbers without a fraction; infinities and NaN as the format spells them.
func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return "\(value)"
}
