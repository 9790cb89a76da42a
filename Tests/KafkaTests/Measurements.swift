import Foundation
import Kafka
import Testing

/// Figures, not checks: `FRESHET_MEASURE=1 swift test -c release --filter Measurements`, alone on the machine.
@Suite(
    .serialized,
    .enabled(
        if: RealKafka.isAvailable && ProcessInfo.processInfo.environment["FRESHET_MEASURE"] != nil,
        "measures only with FRESHET_MEASURE=1 and a real Kafka"))
struct Measurements {
    private static let recordBytes = 176

    @Test func rates() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("rates", partitions: 1)
            print("topic \(topic)")
            let count = 2_000_000
            let producer = try Producer(RealKafka.settings().merging(["linger.ms": "5"]))
            let handle = producer.topic(topic)
            let value = [UInt8](repeating: 120, count: Self.recordBytes - 8)
            let usage = Usage()
            for number in 0..<count {
                try withUnsafeBytes(of: UInt64(number)) { key in
                    try value.withUnsafeBytes { value in
                        while try producer.send(handle, partition: 0, key: key, value: value) == .queueFull {
                            producer.poll(timeoutMilliseconds: 10)
                        }
                    }
                }
                if number % 1_000 == 0 { producer.poll(timeoutMilliseconds: 0) }
            }
            try producer.flush(timeoutMilliseconds: 60_000)
            usage.report("produce", count)
            for _ in 0..<5 { try Self.consume(topic, count) }
        }
    }

    private static func consume(_ topic: String, _ count: Int) throws {
        let reader = try PartitionReader(RealKafka.settings())
        try reader.assign([PartitionOffset(topic, 0, 0)])
        var batch = reader.poll(max: 1, timeoutMilliseconds: 10_000).messages
        while batch.isEmpty { batch = reader.poll(max: 1, timeoutMilliseconds: 10_000).messages }
        let usage = Usage()
        var seen = batch.count
        var sum: UInt64 = 0
        var polls = 0
        while seen < count {
            let polled = reader.poll(max: 10_000, timeoutMilliseconds: 1_000)
            for message in polled.messages {
                sum &+= message.key!.loadUnaligned(as: UInt64.self)
                sum &+= UInt64(message.value!.count) &+ UInt64(message.offset) &+ UInt64(message.timestampMilliseconds)
            }
            seen += polled.messages.count
            polls += 1
            polled.messages.destroy()
        }
        usage.report("consume (\(polls) polls)", count)
        #expect(sum > 0)
    }

    @Test func commits() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("commits", partitions: 4)
            var settings = try RealKafka.settings()
            settings["group.id"] = uniqueName("group")
            let member = try Member(settings, topics: [topic], start: 0)
            try member.wait("its partitions") { $0.owned.count == 4 }
            settings["group.id"] = nil
            let producer = try Producer(
                settings.merging(["transactional.id": uniqueName("id"), "linger.ms": "0"]))
            let clock = ContinuousClock()
            let start = clock.now
            try producer.initTransactions(timeoutMilliseconds: 30_000)
            print("initTransactions \(start.duration(to: clock.now))")
            for flushesFirst in [true, false] {
                var times: [[Double]] = [[], [], [], []]
                for round in 0..<60 {
                    try producer.beginTransaction()
                    for number in 0..<1_000 { try producer.send(topic, Int32(number % 4), value: "\(number)") }
                    let start = clock.now
                    if flushesFirst { try producer.flush(timeoutMilliseconds: 30_000) }
                    let flushed = clock.now
                    try producer.sendOffsets(
                        (0..<4).map { PartitionOffset(topic, $0, Int64(round)) },
                        group: member.consumer.groupMetadata(), timeoutMilliseconds: 30_000)
                    let sent = clock.now
                    try producer.commitTransaction(timeoutMilliseconds: 30_000)
                    let end = clock.now
                    times[0].append(milliseconds(start, flushed))
                    times[1].append(milliseconds(flushed, sent))
                    times[2].append(milliseconds(sent, end))
                    times[3].append(milliseconds(start, end))
                    pause(milliseconds: 40)
                }
                for (name, list) in zip(["flush", "sendOffsets", "commit", "together"], times) {
                    report("\(flushesFirst ? "flush first" : "commit flushes"): \(name)", list)
                }
            }
            member.close()
        }
    }

    @Test func roundTrip() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("trip", partitions: 1)
            let reader = try PartitionReader(RealKafka.settings().merging(["fetch.wait.max.ms": "100"]))
            try reader.assign([PartitionOffset(topic, 0, 0)])
            let count = 5_000
            Thread.detachNewThread {
                try? Self.sendSteadily(topic, count)
            }
            var times: [Double] = []
            while times.count < count {
                let polled = reader.poll(max: 1_000, timeoutMilliseconds: 1_000)
                let now = DispatchTime.now().uptimeNanoseconds
                for message in polled.messages {
                    let sent = message.value!.loadUnaligned(as: UInt64.self)
                    times.append(Double(now - sent) / 1e6)
                }
            }
            report("round trip at 1,000/s", Array(times.dropFirst(500)))
        }
    }

    private static func sendSteadily(_ topic: String, _ count: Int) throws {
        let producer = try Producer(RealKafka.settings().merging(["linger.ms": "0"]))
        let handle = producer.topic(topic)
        let start = DispatchTime.now().uptimeNanoseconds
        var bytes = [UInt8](repeating: 0, count: recordBytes)
        for number in 0..<count {
            while DispatchTime.now().uptimeNanoseconds < start + UInt64(number) * 1_000_000 { usleep(100) }
            bytes.withUnsafeMutableBytes {
                $0.storeBytes(of: DispatchTime.now().uptimeNanoseconds, as: UInt64.self)
            }
            _ = try bytes.withUnsafeBytes { try producer.send(handle, partition: 0, key: nil, value: $0) }
            producer.poll(timeoutMilliseconds: 0)
        }
        try producer.flush(timeoutMilliseconds: 10_000)
    }

    @Test func starts() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("starts", partitions: 4)
            let producer = try Producer(RealKafka.settings())
            for number in 0..<100 { try producer.send(topic, Int32(number % 4), value: "\(number)") }
            try producer.flush(timeoutMilliseconds: 10_000)
            let clock = ContinuousClock()
            var times: [[Double]] = [[], [], [], [], [], []]
            for _ in 0..<10 {
                var settings = try RealKafka.settings()
                settings["group.id"] = uniqueName("group")
                var start = clock.now
                let member = try Member(settings, topics: [topic], start: 0)
                try member.wait("assignment") { $0.owned.count == 4 }
                times[0].append(milliseconds(start, clock.now))
                try member.wait("records") { $0.records.count == 100 }
                times[1].append(milliseconds(start, clock.now))
                start = clock.now
                member.close()
                times[2].append(milliseconds(start, clock.now))

                start = clock.now
                let reader = try PartitionReader(RealKafka.settings())
                _ = try reader.readToEnd([PartitionOffset(topic, 0, 0)])
                times[3].append(milliseconds(start, clock.now))
                start = clock.now
                _ = try reader.readToEnd([PartitionOffset(topic, 0, 0)])
                times[4].append(milliseconds(start, clock.now))
                start = clock.now
                _ = try reader.readToEnd([PartitionOffset(topic, 1, 0)])
                times[5].append(milliseconds(start, clock.now))
            }
            let names = [
                "client to assignment", "client to records", "close", "new reader to end",
                "same reader, same partition",
                "same reader, other partition",
            ]
            for (name, list) in zip(names, times) { report(name, list) }
        }
    }
}

private func milliseconds(_ start: ContinuousClock.Instant, _ end: ContinuousClock.Instant) -> Double {
    Double(start.duration(to: end).components.attoseconds) / 1e15 + Double(start.duration(to: end).components.seconds)
        * 1e3
}

private func report(_ name: String, _ times: [Double]) {
    let sorted = times.sorted()
    let at = { (share: Double) in sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] }
    print("\(name): p50 \(rounded(at(0.5))) ms, p99 \(rounded(at(0.99))) ms, max \(rounded(sorted.last!)) ms")
}

private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

/// Wall and processor time of this process since it was made.
private struct Usage {
    private let start = ContinuousClock.now
    private let before = Usage.processorSeconds()

    func report(_ name: String, _ count: Int) {
        let wall = start.duration(to: .now)
        let seconds = Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18
        let processor = Usage.processorSeconds() - before
        print(
            "\(name): \(rounded(Double(count) / seconds / 1e6)) M/s,",
            "\(rounded(Double(count) / processor / 1e6)) M per processor second")
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
