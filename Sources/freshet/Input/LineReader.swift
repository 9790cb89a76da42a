import Foundation

/// The lines of a file or of standard input, one after another.
final class LineReader {
    /// Lines handed out.
    private(set) var count = 0
    /// Bytes that came of the input, unpacked.
    private var received = 0
    private let input: InputFile
    private var pending: [UInt8] = []
    private var start = 0
    private var hasEnded = false

    init(_ input: InputFile) { self.input = input }

    /// The share of what came of the input that stands in the lines handed out.
    var share: Double { received == 0 ? 0 : Double(received - (pending.count - start)) / Double(received) }

    /// What follows the last line end; all of the rest before `next` has met the end of the input.
    var rest: Data { Data(pending[start...]) }

    /// The next line without its end; nil behind the last one. What follows the last line end is no line.
    func next() throws -> Data? {
        var searched = start
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                count += 1
                return Data(pending[start..<end])
            }
            if hasEnded { return nil }
            pending.removeFirst(start)
            start = 0
            searched = pending.count
            hasEnded = try !input.read {
                pending += $0
                received += $0.count
            }
        }
    }
}
