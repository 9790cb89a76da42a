internal import Foundation
internal import Synchronization

/// Where log lines go, and which of them: level and format can be changed while threads are logging.
public final class LogSink: Sendable {
    public enum Format: Int, Sendable {
        case logfmt, json
    }

    /// The process's own: standard error.
    public static let shared = LogSink(output: .standardError)

    private let output: LineOutput
    private let lowest: Atomic<Int>
    private let chosenFormat: Atomic<Int>
    private let now: @Sendable () -> timespec

    public convenience init(output: LineOutput, level: Logger.Level = .info, format: Format = .logfmt) {
        self.init(output: output, level: level, format: format, now: currentTime)
    }

    init(output: LineOutput, level: Logger.Level, format: Format, now: @escaping @Sendable () -> timespec) {
        self.output = output
        self.now = now
        lowest = Atomic(level.rawValue)
        chosenFormat = Atomic(format.rawValue)
    }

    public var level: Logger.Level {
        get { Logger.Level(rawValue: lowest.load(ordering: .relaxed))! }
        set { lowest.store(newValue.rawValue, ordering: .relaxed) }
    }

    public var format: Format {
        get { Format(rawValue: chosenFormat.load(ordering: .relaxed))! }
        set { chosenFormat.store(newValue.rawValue, ordering: .relaxed) }
    }

    func isEnabled(_ level: Logger.Level) -> Bool { level.rawValue >= lowest.load(ordering: .relaxed) }

    func write(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        var fields = [("time", timestamp(now())), ("level", "\(level)"), ("logger", label), ("message", message)]
        fields += metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch format {
        case .logfmt: appendLogfmt(fields, to: &line)
        case .json: appendJSON(fields, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        output.write(bytes: line)
    }
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
