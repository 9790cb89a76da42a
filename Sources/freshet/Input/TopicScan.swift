import Kafka
import ServiceKit

/// Reads a topic's partitions outside any group, in the order in which records come.
final class TopicScan {
    private let reader: PartitionReader
    private let topic: String
    private let count: Int
    private var atEnd: Set<Int32> = []
    /// When the last record came, or the last end of a partition.
    private var heardAt = ContinuousClock.now
    private static let patience = Duration.seconds(30)

    /// - Parameters:
    ///   - from: the first offset of each partition; the topic's beginning where it has none.
    ///   - otherwise: where partitions without an offset begin; nil where they are not read.
    init(
        _ deployment: Deployment, topic: String, partitions: Int, from offsets: [Int32: Int64] = [:],
        otherwise: Int64? = PartitionOffset.beginning
    ) throws {
        var settings = deployment.reading
        // An offset whose record retention has taken means the first one that is left.
        settings["auto.offset.reset"] = "earliest"
        settings["fetch.wait.max.ms"] = settings["fetch.wait.max.ms"] ?? "100"
        reader = try PartitionReader(settings)
        self.topic = topic
        let places = (0..<Int32(partitions)).compactMap { partition in
            (offsets[partition] ?? otherwise).map { PartitionOffset(topic, partition, $0) }
        }
        count = places.count
        try reader.assign(places)
    }

    /// Whether every partition has been read to its end.
    var isAtEnd: Bool { atEnd.count >= count }

    /// Hands on what comes within the time; the message is valid during the call.
    /// - Returns: false when `body` had enough.
    func poll(timeoutMilliseconds: Int32 = 100, _ body: (Message) throws -> Bool) throws -> Bool {
        let polled = reader.poll(max: 2_000, timeoutMilliseconds: timeoutMilliseconds)
        defer { polled.messages.destroy() }
        if polled.messages.count > 0 { heardAt = .now }
        for message in polled.messages {
            guard try body(message) else { return false }
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(let end):
                heardAt = .now
                atEnd.insert(end.place.partition)
            case .partitionFailed(let place, let error):
                throw CommandFailure(
                    "reading \(place): \(error)", remedy: "`freshet doctor` looks for the cause", exitCode: 69)
            case .failed(let error) where error.isFatal:
                throw CommandFailure(
                    "reading \(topic): \(error)", remedy: "`freshet doctor` looks for the cause", exitCode: 69)
            default: break
            }
        }
        return true
    }

    /// Hands on everything up to the end.
    func readToEnd(_ body: (Message) throws -> Bool) throws {
        while !isAtEnd {
            guard try poll(body) else { return }
            try checkPatience()
        }
    }

    /// For who waits for the end: a partition without a leader has none.
    func checkPatience() throws {
        guard !isAtEnd, heardAt.duration(to: .now) >= Self.patience else { return }
        throw Self.silence(topic)
    }

    static func silence(_ topic: String) -> CommandFailure {
        CommandFailure(
            "reading \(topic): nothing has come for \(patience.components.seconds) s, and no end",
            remedy: "has every partition a leader? `freshet doctor` looks", exitCode: 75)
    }

    /// The same for what is read otherwise: whether the time is over since something came.
    static func isSilent(since moment: ContinuousClock.Instant) -> Bool { moment.duration(to: .now) >= patience }
}

/// Bytes as text, for people: what is not UTF-8 is shown in hexadecimal.
func readable(_ bytes: UnsafeRawBufferPointer?) -> String {
    guard let bytes else { return "(null)" }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let hex = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    return "0x" + hex.joined()
}

/// A record of JSON as it is, but on one line, and without what would move a terminal's cursor: JSON has no such characters
/// outside of its texts, and inside them an escape says the same.
func oneLine(json value: some Collection<UInt8>) -> String {
    // 0xC2 begins those of two bytes.
    if value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0xC2 }) { return String(decoding: value, as: UTF8.self) }
    var line = String.UnicodeScalarView()
    for scalar in String(decoding: value, as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\u{0}"..<" ": line.append(" ")
        case "\u{7F}"..."\u{9F}":
            line.append(contentsOf: jsonString(String(scalar)).unicodeScalars.dropFirst().dropLast())
        default: line.append(scalar)
        }
    }
    return String(line)
}
