import Foundation
import Synchronization

@testable import ServiceKit

/// A pipe whose writing end is a ``LineOutput``.
final class Captured: Sendable {
    let output: LineOutput
    private let reading: Int32
    private let sinks = Mutex<[LogSink]>([])

    init(isTerminal: Bool = false) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        reading = ends[0]
        output = LineOutput(descriptor: ends[1], isTerminal: isTerminal)
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reading)
        close(output.descriptor)
    }

    /// A sink that writes here: ``text()`` has all that was logged.
    func sink(
        level: ServiceKit.Logger.Level = .info, format: LogSink.Format = .logfmt,
        now: @escaping @Sendable () -> timespec = { timespec(tv_sec: 1_700_000_000, tv_nsec: 7_999_999) }
    ) -> LogSink {
        let sink = LogSink(output: output, level: level, format: format, now: now)
        sinks.withLock { $0.append(sink) }
        return sink
    }

    /// What has been written since the last call.
    func text() -> String {
        for sink in sinks.withLock({ $0 }) { sink.drain() }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(reading, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func lines() -> [String] { text().split(separator: "\n").map(String.init) }
}
