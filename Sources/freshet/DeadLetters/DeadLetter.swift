import Events
import Foundation
import Kafka
import ServiceKit

/// A record of the dead-letter topic: the original bytes, why it is there, and where it came from.
struct DeadLetter {
    static let prefix = "freshet."
    /// On a record that is driven back: how often it was.
    static let redrivenName = prefix + "redriven"

    let partition: Int32
    let offset: Int64
    let timestamp: Int64
    let key: [UInt8]?
    let value: [UInt8]?
    /// The record's own headers.
    let headers: [MessageHeader]
    /// `freshet.reason`, or `unknown`.
    let reason: String
    let detail: String
    /// Nil where the letter names none, or one that no topic can have.
    let topic: String?
    let sourcePartition: Int32?
    let sourceOffset: Int64?
    /// Whether it holds the whole record that came in: not a list that its topic did not take, nor a record whose value the
    /// dead-letter topic did not take.
    let isWhole: Bool
    /// How often it was driven back before.
    let redriven: Int

    init(_ message: Message) {
        partition = message.partition
        offset = message.offset
        timestamp = message.timestampMilliseconds
        key = message.key.map(Array.init)
        value = message.value.map(Array.init)
        let all = message.headers.map { MessageHeader($0.name, bytes: $0.value.map(Array.init)) }
        // Those that Freshet added come last, the reason first. A producer's may have such names as well.
        let first = all.lastIndex { $0.name == Self.prefix + "reason" } ?? all.endIndex
        var added: [String: String] = [:]
        for header in all[first...] where header.name.hasPrefix(Self.prefix) {
            added[String(header.name.dropFirst(Self.prefix.count))] = header.text
        }
        headers = all[..<first].filter { $0.name != Self.redrivenName }
        redriven = all[..<first].last { $0.name == Self.redrivenName }?.text.flatMap { Int($0) } ?? 0
        reason = added["reason"] ?? "unknown"
        detail = added["detail"] ?? ""
        isWhole = added["output"] == nil && added["left-out"] == nil
        topic = added["topic"].flatMap { Settings.topicName.parse($0) == nil ? nil : $0 }
        sourcePartition = added["partition"].flatMap { Int32($0) }.flatMap { $0 < 0 ? nil : $0 }
        sourceOffset = added["offset"].flatMap { Int64($0) }
    }

    /// The record that it was made of.
    struct Origin: Hashable {
        let topic: String
        let partition: Int32
        let offset: Int64
        /// Of key and value: a topic that is made anew has other records at the same offsets.
        let content: UInt64
    }

    /// Nil where the letter does not say it.
    var origin: Origin? {
        guard let topic, let sourcePartition, let sourceOffset else { return nil }
        let content = Self.hash(value, seed: Self.hash(key, seed: 0))
        return Origin(topic: topic, partition: sourcePartition, offset: sourceOffset, content: content)
    }

    private static func hash(_ bytes: [UInt8]?, seed: UInt64) -> UInt64 {
        (bytes ?? []).withUnsafeBytes { Hash64.hash($0, seed: seed &+ (bytes == nil ? 1 : 0)) }
    }

    /// `partition:offset` in the dead-letter topic.
    var name: String { "\(partition):\(offset)" }

    /// Where it came from.
    var source: String {
        "\(topic ?? "?")[\(sourcePartition.map(String.init) ?? "?")]@\(sourceOffset.map(String.init) ?? "?")"
    }

    var keyText: String { Self.text(key) }
    var valueText: String { Self.text(value) }

    var time: String {
        guard timestamp >= 0 else { return "" }
        return Date(timeIntervalSince1970: Double(timestamp / 1000)).formatted(.iso8601)
    }

    private static func text(_ bytes: [UInt8]?) -> String {
        guard let bytes else { return "(null)" }
        return bytes.withUnsafeBytes { readable($0) }
    }
}
