import Pipeline
import ServiceKit

/// A replay's output that ends when somebody asks for it, with its transaction aborted: whoever reads only what is committed
/// would wait for its time-out, which is long where there is much to write.
final class StoppableOutput: ReplayOutput {
    private let output: any ReplayOutput
    private let stop: Latch
    private let abandon: () -> Void

    /// - Parameter abandon: aborts what the output has begun.
    init(_ output: any ReplayOutput, _ stop: Latch, abandon: @escaping () -> Void) {
        self.output = output
        self.stop = stop
        self.abandon = abandon
    }

    func begin(records: Int) throws(LogError) { try output.begin(records: records) }

    func add(_ record: borrowing OutputRecord) throws(LogError) {
        guard !stop.isSet else {
            abandon()
            throw LogError(.fatal, "interrupted")
        }
        try output.add(record)
    }

    func finish(_ offsets: [Int32: Int64]) throws(LogError) { try output.finish(offsets) }
    func bytesMax(_ topic: LogTopic) -> Int { output.bytesMax(topic) }
    func itemLogEnd() throws(LogError) -> Int64 { try output.itemLogEnd() }
}
