internal import Foundation
internal import Synchronization

/// A descriptor that log lines, tables and one status line (a progress bar) share: each line is one write(2), and the
/// status line stays below them.
public final class LineOutput: Sendable {
    public static let standardError = LineOutput(descriptor: 2)
    public static let standardOutput = LineOutput(descriptor: 1)

    public let descriptor: Int32
    /// Whether the cursor can be moved there, to draw over what stands there already.
    public let isTerminal: Bool
    private let status = Mutex("")
    private let failed = Atomic<Int32>(0)

    /// - Parameter isTerminal: found out by asking the descriptor when `nil`.
    public init(descriptor: Int32, isTerminal: Bool? = nil) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal ?? Self.isTerminal(descriptor, environment: ProcessInfo.processInfo.environment)
    }

    /// A dumb terminal shows lines, and nothing that is written over them.
    static func isTerminal(_ descriptor: Int32, environment: [String: String]) -> Bool {
        isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    }

    /// `errno` of the first write that did not succeed, such as that of a full disk: whoever writes for long asks for it.
    public var failure: Int32? {
        let code = failed.load(ordering: .relaxed)
        return code == 0 || code == EPIPE ? nil : code
    }

    /// Whether a write found nobody who reads: who has gone had enough, so that whoever writes for long ends, and well.
    public var isReaderGone: Bool { failed.load(ordering: .relaxed) == EPIPE }

    /// Writes a line; its end is added.
    public func write(line: String) {
        write(bytes: Array(line.utf8) + [UInt8(ascii: "\n")])
    }

    /// Writes whole lines, ends included.
    func write(bytes: [UInt8]) {
        status.withLock { status in
            guard !status.isEmpty else { return send(bytes) }
            send(Array("\r\u{1B}[K".utf8) + bytes + Array(status.utf8))
        }
    }

    private func send(_ bytes: [UInt8]) {
        guard let code = writeAll(bytes, to: descriptor) else { return }
        _ = failed.compareExchange(expected: 0, desired: code, ordering: .relaxed)
    }

    /// Redraws the status line; an empty one takes it away: an error's words do not stand behind a bar. Does nothing unless
    /// the descriptor is a terminal.
    public func setStatus(_ text: String) {
        guard isTerminal else { return }
        status.withLock { status in
            guard status != text else { return }
            status = text
            send(Array(("\r\u{1B}[K" + text).utf8))
        }
    }

    /// The terminal's width in columns; 100 where there is none.
    public var columns: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return Int(size.ws_col)
    }
}
