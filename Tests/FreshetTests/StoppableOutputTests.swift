import Pipeline
import ServiceKit
import Testing

@testable import freshet

@Suite struct StoppableOutputTests {
    private final class Records: ReplayOutput {
        var count = 0
        func begin(records: Int) throws(LogError) {}
        func add(_ record: borrowing OutputRecord) throws(LogError) { count += 1 }
        func finish(_ offsets: [Int32: Int64]) throws(LogError) {}
        func bytesMax(_ topic: LogTopic) -> Int { 1 << 20 }
        func itemLogEnd() throws(LogError) -> Int64 { 0 }
    }

    /// Readers of what is committed do not wait for the time-out of a replay that was interrupted.
    @Test func anInterruptedReplayGivesItsTransactionUp() throws {
        let (records, stop) = (Records(), Latch())
        var isAbandoned = false
        let output = StoppableOutput(records, stop) { isAbandoned = true }
        try output.add(OutputRecord(topic: .users, partition: 0, key: nil, value: nil))
        #expect(!isAbandoned && records.count == 1)
        stop.set()
        #expect(throws: LogError.self) {
            try output.add(OutputRecord(topic: .users, partition: 0, key: nil, value: nil))
        }
        #expect(isAbandoned && records.count == 1)
    }
}
