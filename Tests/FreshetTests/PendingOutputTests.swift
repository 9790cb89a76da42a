import Events
import Testing

@testable import Pipeline

/// However long a commit takes, what waits for it takes no more memory than it may.
struct PendingOutputTests {
    private let log = MemoryEventLog()
    private let clock = ManualClock()

    private func makeWorker(pendingBytesMax: Int) throws -> Worker {
        var settings = WorkerSettings()
        settings.pendingBytesMax = pendingBytesMax
        settings.batchRecordsMax = 10
        settings.shortListsPerBatch = 1
        let clock = clock
        let worker = try Worker(settings: settings, log: log, clock: { clock.look() })
        for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
        return worker
    }

    /// Works while no commit has an outcome; the records that were read in the end.
    private func taken(_ worker: Worker) throws -> Int {
        log.holdsCommits = true
        var records = 0
        for _ in 0..<200 {
            clock.now += 20
            records += try worker.step(timeoutMilliseconds: 0).records
        }
        #expect(try worker.step(timeoutMilliseconds: 0).records == 0)
        return records
    }

    /// Dead letters of records without a value have headers only.
    @Test func recordsWithoutBytesTakeMemoryToo() throws {
        let worker = try makeWorker(pendingBytesMax: 64 << 10)
        for _ in 0..<1_000 { log.topics.append(.events, 0, key: nil, value: nil) }
        let records = try taken(worker)
        #expect(records > 20 && records < 500, "\(records)")
        log.holdsCommits = false
        for _ in 0..<1_000 where worker.counters.rejected < 1_000 {
            clock.now += 20
            try worker.step(timeoutMilliseconds: 0)
        }
        #expect(worker.counters.rejected == 1_000)
    }

    /// What a commit under way may have to send again is kept.
    @Test func theOutputOfTheCommitUnderWayCounts() throws {
        let worker = try makeWorker(pendingBytesMax: 256 << 10)
        log.produceShop(1_000, users: 500)
        _ = try taken(worker)
        let held = worker.commit.memoryBytes
        #expect(
            worker.commit.inFlight != nil && held < (256 + 160) << 10,
            "\(held) bytes: a batch and its checkpoints too much")
        log.holdsCommits = false
        for _ in 0..<1_000 where worker.counters.events < 1_000 {
            clock.now += 20
            try worker.step(timeoutMilliseconds: 0)
        }
        #expect(worker.counters.events == 1_000)
    }

    /// The count goes up and down with the records.
    @Test func headersAreCountedWhileTheyAreThere() {
        let buffer = OutputBuffer()
        let headers: [(name: String, value: [UInt8]?)] = [("name", Array(repeating: 0, count: 100))]
        buffer.addTombstone(.deadLetters, source: 0, partition: nil, key: nil, headers: headers)
        let one = buffer.memoryBytes
        #expect(one > 150 && buffer.byteCount == 0)
        buffer.addTombstone(.deadLetters, source: 1, partition: nil, key: nil, headers: headers)
        #expect(buffer.memoryBytes == 2 * one)
        let refused = buffer.addBounded(
            .deadLetters, source: 1, partition: nil, key: nil, headers: headers, bytesMax: 10
        ) { $0.text("more than that") }
        #expect(refused != nil && buffer.memoryBytes == 2 * one)
        buffer.drop([1])
        #expect(buffer.memoryBytes == one)
        buffer.drop([0])
        #expect(buffer.memoryBytes == 0)
    }
}
