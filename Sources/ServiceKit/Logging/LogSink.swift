internal import Foundation
internal import Synchronization

/// Where log lines go, and which of them: level and format can be changed while threads are logging, none of which waits
/// for the line to be written.
public final class LogSink: Sendable {
    /// Pairs of `key=value`, or a JSON object a line.
    public enum Format: Int, Sendable {
        case logfmt, json
    }

    /// The process's own: standard error.
    public static let shared = {
        atexit(drainAtExit)
        return LogSink(output: .standardError)
    }()

    private let queue: LogQueue
    private let lowest: Atomic<Int>
    private let chosen: ChosenFormat
    private let now: @Sendable () -> timespec

    /// - Parameter level: the lowest that is written.
    public convenience init(output: LineOutput, level: Logger.Level = .info, format: Format = .logfmt) {
        self.init(output: output, level: level, format: format, now: currentTime)
    }

    init(output: LineOutput, level: Logger.Level, format: Format, now: @escaping @Sendable () -> timespec) {
        let chosen = ChosenFormat(format)
        queue = LogQueue(output: output) { lost in
            makeLine(
                chosen.format, now(), .warning, "log",
                HumanFormat.counted(lost, "line") + (lost == 1 ? " was" : " were")
                    + " not written: whoever reads them did not keep up", [:])
        }
        self.now = now
        self.chosen = chosen
        lowest = Atomic(level.rawValue)
    }

    /// The lowest level that is written; it and the format may be set from any thread, and count from the next line on.
    public var level: Logger.Level {
        get { Logger.Level(rawValue: lowest.load(ordering: .relaxed))! }
        set { lowest.store(newValue.rawValue, ordering: .relaxed) }
    }

    public var format: Format {
        get { chosen.format }
        set { chosen.format = newValue }
    }

    func isEnabled(_ level: Logger.Level) -> Bool { level.rawValue >= lowest.load(ordering: .relaxed) }

    func write(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        queue.append(makeLine(format, now(), level, label, message, metadata))
    }

    /// Writes a text as it is, after the lines before it.
    func write(text: String) { queue.append(Array(text.utf8)) }

    /// Waits for what was logged to be written; not for long where nobody reads it. For who ends the process, also in a
    /// signal's handler.
    public func drain(milliseconds: UInt64 = 2_000) { queue.drain(milliseconds: milliseconds) }
}

/// What a sink and its queue both look at.
private final class ChosenFormat: Sendable {
    private let number: Atomic<Int>

    init(_ format: LogSink.Format) { number = Atomic(format.rawValue) }

    var format: LogSink.Format {
        get { LogSink.Format(rawValue: number.load(ordering: .relaxed))! }
        set { number.store(newValue.rawValue, ordering: .relaxed) }
    }
}

/// A file-scope constant, since C calls it.
private let drainAtExit: @convention(c) () -> Void = { LogSink.shared.drain() }

private func makeLine(
    _ format: LogSink.Format, _ time: timespec, _ level: Logger.Level, _ label: String, _ message: String,
    _ metadata: Logger.Metadata
) -> [UInt8] {
    var fields = [("time", timestamp(time)), ("level", "\(level)"), ("logger", label), ("message", message)]
    fields += metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    var line: [UInt8] = []
    line.reserveCapacity(256)
    switch format {
    case .logfmt: appendLogfmt(fields, to: &line)
    case .json: appendJSON(fields, to: &line)
    }
    line.append(UInt8(ascii: "\n"))
    return line
}

private func currentTime() -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time
}

/// RFC 3339 in UTC with milliseconds.
private func timestamp(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: some BinaryInteger, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
    let clock = [padded(parts.tm_hour, 2), padded(parts.tm_min, 2), padded(parts.tm_sec, 2)]
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + "."
        + padded(time.tv_nsec / 1_000_000, 3) + "Z"
}

private func appendLogfmt(_ fields: [(String, String)], to line: inout [UInt8]) {
    for (key, value) in fields {
        if !line.isEmpty { line.append(UInt8(ascii: " ")) }
        for byte in key.utf8 { line.append(byte <= 0x20 || byte == 0x22 || byte == 0x3D ? UInt8(ascii: "_") : byte) }
        line.append(UInt8(ascii: "="))
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0 > " " && !("\u{7F}"..."\u{9F}").contains($0) && $0 != "\"" && $0 != "=" && $0 != "\\"
            }
        if isPlain { line += value.utf8 } else { line += jsonString(value).utf8 }
    }
}

private func appendJSON(_ fields: [(String, String)], to line: inout [UInt8]) {
    for (index, (key, value)) in fields.enumerated() {
        line.append(UInt8(ascii: index == 0 ? "{" : ","))
        line += "\(jsonString(key)):\(jsonString(value))".utf8
    }
    line.append(UInt8(ascii: "}"))
}
