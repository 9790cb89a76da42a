internal import Synchronization

/// All metrics of a process, and their Prometheus text.
///
/// Asking for the same name and labels twice gives the same metric. Incrementing takes no lock; making and rendering do.
public final class MetricsRegistry: Sendable {
    /// The process's own.
    public static let shared = MetricsRegistry()

    enum Kind: String {
        case counter, gauge, histogram
    }

    enum Cell: Sendable {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)
        case computed(@Sendable () -> Double)
    }

    struct Family {
        let kind: Kind
        var help: String
        var cells: [String: Cell] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    public init() {}

    /// A metric whose value is computed when it is asked for; a second one of the same name and labels replaces the
    /// first (its subject has been made anew).
    public func computed(
        gauge name: String, dimensions: [(String, String)] = [], help: String, value: @escaping @Sendable () -> Double
    ) {
        replace(name, dimensions, kind: .gauge, help: help, cell: .computed(value))
    }

    /// The same for what only grows; its name ends with `_total`.
    public func computed(
        counter name: String, dimensions: [(String, String)] = [], help: String, value: @escaping @Sendable () -> Double
    ) {
        replace(name, dimensions, kind: .counter, help: help, cell: .computed(value))
    }

    /// Forgets one metric: a partition that has gone to another instance must not be reported by this one.
    public func remove(_ name: String, dimensions: [(String, String)] = []) {
        let labels = labelText(dimensions)
        families.withLock { families in
            families[name]?.cells[labels] = nil
            if families[name]?.cells.isEmpty == true { families[name] = nil }
        }
    }

    /// The text exposition format, version 0.0.4, in the order of names and labels.
    public func renderPrometheus() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text.header(name: name, kind: family.kind.rawValue, help: family.help)
            for (labels, cell) in family.cells.sorted(by: { $0.key < $1.key }) {
                switch cell {
                case .counter(let cell): text.sample(name, labels, String(cell.load()))
                case .gauge(let cell): text.sample(name, labels, number(cell.load()))
                case .computed(let value): text.sample(name, labels, number(value()))
                case .histogram(let cell): text.histogram(name, labels, cell)
                }
            }
        }
        return text.bytes
    }

    func cell(
        _ name: String, _ dimensions: [(String, String)], kind: Kind, help: String, make: () -> Cell
    ) -> Cell {
        check(name, dimensions)
        let labels = labelText(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: help)
            precondition(family.kind == kind, "\(name) is a \(family.kind.rawValue) already")
            if let cell = family.cells[labels] { return cell }
            let cell = make()
            family.cells[labels] = cell
            families[name] = family
            return cell
        }
    }

    private func replace(_ name: String, _ dimensions: [(String, String)], kind: Kind, help: String, cell: Cell) {
        check(name, dimensions)
        let labels = labelText(dimensions)
        families.withLock { families in
            precondition(families[name].map { $0.kind == kind } ?? true, "\(name) is of another kind already")
            families[name, default: Family(kind: kind, help: help)].cells[labels] = cell
        }
    }

    private func check(_ name: String, _ dimensions: [(String, String)]) {
        func isName(_ text: String) -> Bool {
            text.utf8.first.map { !(48...57).contains($0) } ?? false
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        }
        precondition(isName(name), "'\(name)' is no metric's name")
        precondition(dimensions.allSatisfy { isName($0.0) && $0.0 != "le" }, "\(name) has a label of no legal name")
    }
}
