import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// Sends dead letters back: a transaction holds the records and how far each reason has come.
struct Redrive {
    let deployment: Deployment
    let admin: Admin
    let partitions: Int
    /// Empty for all.
    let reasons: Set<String>
    let limit: Int
    let isDry: Bool
    /// No further transaction is begun when it is requested.
    let stop: Latch

    private static let batch = 500
    private static let transactionMilliseconds = 10_000

    private var dlq: String { deployment.topics.deadLetters }

    private func group(_ reason: String) -> String { "\(deployment.topics.application).dlq.\(reason)" }

    func run() throws -> Int32 {
        let ends = try self.ends()
        var positions: [String: [Int32: Int64]] = [:]
        var waiting: [DeadLetter] = []
        var taken = 0
        var sent: [String: Int] = [:]
        var (before, homeless, repeated) = (0, 0, 0)
        // A topic that is read again from its beginning, after `freshet reset`, makes the same letters again.
        var drivenBack: Set<DeadLetter.Origin> = []
        let producer = isDry ? nil : try makeProducer()
        let scan = try TopicScan(deployment, topic: dlq, partitions: partitions)
        try scan.readToEnd { message in
            // Letters that come in meanwhile may be the very ones that were sent back, and failed again.
            guard !stop.isSet else { return false }
            guard message.offset < ends[message.partition] ?? 0 else { return true }
            let letter = DeadLetter(message)
            if positions[letter.reason] == nil { positions[letter.reason] = try position(letter.reason) }
            guard letter.offset >= positions[letter.reason]?[letter.partition] ?? 0 else {
                if isWanted(letter) { before += 1 }
                if letter.isWhole, let origin = origin(of: letter) { drivenBack.insert(origin) }
                return true
            }
            guard isWanted(letter) else { return true }
            guard letter.isWhole, letter.topic != nil, letter.sourcePartition != nil else {
                homeless += 1
                return true
            }
            if let origin = origin(of: letter), !drivenBack.insert(origin).inserted {
                repeated += 1
                return true
            }
            waiting.append(letter)
            taken += 1
            if waiting.count >= Self.batch { try send(&waiting, producer, &sent) }
            return taken < limit
        }
        if !stop.isSet { try send(&waiting, producer, &sent) }
        report(sent, before: before, repeated: repeated, homeless: homeless)
        guard stop.isSet else { return 0 }
        LineOutput.standardError.write(line: "interrupted: run it again for the others")
        return Interrupts.exitCode
    }

    /// A record that ended the program goes back only where somebody asks for it by its reason: `ingest.skip` does not know
    /// its new place.
    private func isWanted(_ letter: DeadLetter) -> Bool {
        reasons.isEmpty ? letter.reason != RejectionCode.skipped.rawValue : reasons.contains(letter.reason)
    }

    /// Nil where the topic that it came from may have been made anew, with what was driven back to it gone.
    private func origin(of letter: DeadLetter) -> DeadLetter.Origin? {
        letter.topic.map(deployment.isInternal) == true ? nil : letter.origin
    }

    private func ends() throws -> [Int32: Int64] {
        let reader = try PartitionReader(deployment.reading)
        var ends: [Int32: Int64] = [:]
        for partition in 0..<Int32(partitions) {
            ends[partition] = try reader.queryWatermarks(TopicPartition(dlq, partition), timeoutMilliseconds: 10_000)
                .high
        }
        return ends
    }

    private func position(_ reason: String) throws -> [Int32: Int64] {
        var found: [Int32: Int64] = [:]
        for offset in try admin.groupOffsets(group(reason)) where offset.place.topic == dlq && offset.offset >= 0 {
            found[offset.place.partition] = offset.offset
        }
        return found
    }

    /// One transactional id for a deployment: a second one that runs at the same time fences the first.
    private func makeProducer() throws -> Producer {
        var settings = deployment.client
        settings["transactional.id"] = "\(deployment.topics.application)::dlq"
        settings["message.max.bytes"] = settings["message.max.bytes"] ?? "\(KafkaSettings.messageBytesMax)"
        // Committed readers of the events wait so long for one that was killed.
        settings["transaction.timeout.ms"] = settings["transaction.timeout.ms"] ?? "\(Self.transactionMilliseconds)"
        let producer = try Producer(settings)
        try producer.openTransactions()
        return producer
    }

    private func send(_ letters: inout [DeadLetter], _ producer: Producer?, _ sent: inout [String: Int]) throws {
        guard !letters.isEmpty else { return }
        if let producer { try send(letters, producer) }
        for letter in letters { sent[letter.reason, default: 0] += 1 }
        letters.removeAll(keepingCapacity: true)
    }

    /// One transaction.
    private func send(_ letters: [DeadLetter], _ producer: Producer) throws {
        try producer.beginTransaction()
        var offsets: [String: [Int32: Int64]] = [:]
        do {
            for letter in letters {
                try send(letter, producer)
                let next = max(offsets[letter.reason]?[letter.partition] ?? 0, letter.offset + 1)
                offsets[letter.reason, default: [:]][letter.partition] = next
            }
            try producer.flush(timeoutMilliseconds: 30_000)
            if let failure = producer.takeFailure() { throw failure }
            for (reason, places) in offsets.sorted(by: { $0.key < $1.key }) {
                try producer.sendOffsets(
                    places.sorted { $0.key < $1.key }.map { PartitionOffset(dlq, $0.key, $0.value) },
                    group: GroupMetadata(groupID: group(reason)), timeoutMilliseconds: 30_000)
            }
            try producer.commitTransaction(timeoutMilliseconds: 30_000)
        } catch {
            try? producer.abortTransaction(timeoutMilliseconds: 10_000)
            throw CommandFailure(
                "driving back: \(error)", remedy: "run it again: what has gone is not sent twice",
                exitCode: (error as? any ExitCoding)?.exitCode ?? 69)
        }
    }

    private func send(_ letter: DeadLetter, _ producer: Producer) throws {
        let topic = producer.topic(letter.topic ?? deployment.topics.events)
        let headers =
            letter.headers + [MessageHeader(DeadLetter.redrivenName, "\(min(letter.redriven, Int.max - 1) + 1)")]
        while true {
            let result = try withBytes(letter.key) { key in
                try withBytes(letter.value) { value in
                    try producer.send(
                        topic, partition: letter.sourcePartition, key: key, value: value, headers: headers)
                }
            }
            if result == .queued { return }
            producer.poll(timeoutMilliseconds: 20)
        }
    }

    private func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows
        -> Result
    {
        guard let bytes else { return try body(nil) }
        return try bytes.withUnsafeBytes { try body($0) }
    }

    private func report(_ sent: [String: Int], before: Int, repeated: Int, homeless: Int) {
        let verb = isDry ? "would be driven back" : "driven back"
        for (reason, count) in sent.sorted(by: { $0.key < $1.key }) {
            print("\(HumanFormat.grouped(count))  \(reason)")
        }
        print(
            "\(HumanFormat.counted(sent.values.reduce(0, +), "letter")) \(verb), \(HumanFormat.grouped(before)) before"
        )
        if repeated > 0 {
            print(
                "\(HumanFormat.grouped(repeated)) letters are of records that another letter has brought back, and stay"
            )
        }
        if homeless > 0 {
            print(
                "\(homeless) letters hold no whole record, or do not say where it came from, and stay: see `freshet dlq list`"
            )
        }
    }
}
