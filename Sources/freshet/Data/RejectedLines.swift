internal import Events
internal import ServiceKit

/// Lines of a data file that make no record: counted by their reasons, the first few kept for a person.
struct RejectedLines {
    private(set) var counts: [RejectionCode: Int] = [:]
    private(set) var examples: [String] = []
    private static let examplesMax = 5

    mutating func add(_ rejection: Rejection, _ record: DataRecord) {
        add(rejection, line: record.line, source: record.source)
    }

    mutating func add(_ rejection: Rejection, line: Int, source: UnsafeRawBufferPointer) {
        counts[rejection.code, default: 0] += 1
        guard examples.count < Self.examplesMax else { return }
        let text = String(decoding: source.prefix(80), as: UTF8.self)
        examples.append("line \(line): \(rejection.code.rawValue): \(rejection.detail)  \(text)")
    }

    /// Says how many lines of a file there were, why, and which were the first; nothing where there was none.
    func report(of path: String, noun: String = "event", on output: LineOutput = .standardError) {
        guard !counts.isEmpty else { return }
        let count = HumanFormat.counted(counts.values.reduce(0, +), "line")
        output.write(line: "\(path): \(count) made no \(noun) (\(counts.text))")
        for example in examples { output.write(line: "  " + printable(example)) }
    }
}

extension [RejectionCode: Int] {
    /// The reasons with their counts, the most frequent first: `bad-time 12, wrong-key 3`.
    var text: String {
        sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \(HumanFormat.grouped($0.value))" }.joined(separator: ", ")
    }
}
