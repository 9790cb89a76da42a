import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// Looks at the latest records of the events topic.
struct EventsSample {
    static let recordsOfPartition: Int64 = 2_000

    private(set) var partitioning: PartitioningSample
    private var rejections: [RejectionCode: Int] = [:]
    private var otherKey = 0
    private var latest: Int64 = -1
    private let decoder: EventDecoder
    private let admission: EventAdmission
    private let now: Int64

    init(_ settings: WorkerSettings, partitions: Int, now: Int64) {
        partitioning = PartitioningSample(partitions: partitions)
        decoder = EventDecoder(typeNames: settings.typeNames)
        admission = settings.admission
        self.now = now
    }

    /// Reads the topic's last records.
    mutating func read(_ deployment: Deployment, topic: String) throws {
        let reader = try PartitionReader(deployment.reading)
        var starts: [Int32: Int64] = [:]
        for partition in 0..<Int32(partitioning.partitions) {
            let marks = try reader.queryWatermarks(TopicPartition(topic, partition), timeoutMilliseconds: 10_000)
            starts[partition] = max(marks.low, marks.high - Self.recordsOfPartition)
        }
        let scan = try TopicScan(deployment, topic: topic, partitions: partitioning.partitions, from: starts)
        let most = Int(Self.recordsOfPartition) * partitioning.partitions
        try scan.readToEnd { message in
            add(
                key: message.key, value: message.value, partition: message.partition,
                time: message.timestampMilliseconds)
            return partitioning.records < most
        }
    }

    mutating func add(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32, time: Int64) {
        partitioning.add(key: key, partition: partition)
        latest = max(latest, time)
        var event = ShopEvent()
        guard let value, value.count > 0 else {
            rejections[.emptyValue, default: 0] += 1
            return
        }
        if let rejection = decoder.decode(value, into: &event) {
            rejections[rejection.code, default: 0] += 1
            return
        }
        let isOther = key.map { !$0.elementsEqual(event.user) } ?? true
        if isOther { otherKey += 1 }
        if let rejection = admission.admit(&event, key: event.user, recordTime: time) {
            rejections[rejection.code, default: 0] += 1
        }
    }

    func findings(topic: String, rekeys: Bool) -> [Finding] {
        var findings = [partitioning.finding(topic: topic)]
        let records = partitioning.records
        guard records > 0 else { return findings }
        let sampled = HumanFormat.counted(records, "record")
        if otherKey == 0 {
            findings.append(.fine("keys", "the user's id in all of \(sampled)"))
        } else {
            let text = "\(otherKey) of \(sampled) have no key or another one than their user's id"
            findings.append(
                rekeys || partitioning.partitions == 1
                    ? .note("keys", text)
                    : .wrong(
                        "keys", text,
                        "key the records by user id, or set `ingest.rekey: true`; they are dead letters now"))
        }
        let rejected = rejections.values.reduce(0, +)
        if rejected > 0 {
            findings.append(
                .note(
                    "events", "\(rejected) of \(sampled) would be dead letters: \(rejections.text)",
                    "`freshet dlq list` shows them; names of event types can be added with `ingest.aliases`"))
        } else {
            findings.append(.fine("events", "all of \(sampled) can be learnt"))
        }
        let ahead = latest - now
        if ahead > 5_000 {
            findings.append(
                .wrong(
                    "clock",
                    "the newest record is \(HumanFormat.duration(.milliseconds(ahead))) in this machine's future",
                    "set the clocks of producers, brokers and this machine by NTP"))
        } else {
            findings.append(
                .fine("clock", "the newest record is \(HumanFormat.duration(.milliseconds(max(0, -ahead)))) old"))
        }
        return findings
    }
}
