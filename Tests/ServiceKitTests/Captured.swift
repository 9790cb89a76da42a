import Foundation
import ServiceKit
import Synchronization

/// A pipe whose writing end is a ``LineOutput``.
final class Captured: Sendable {
    let output: LineOutput
    private let reading: Int32

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

    /// What has been written since the last call.
    func text() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(reading, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func lines() -> [String] { text().split(separator: "\n").map(String.init) }
}
