/// The grammar of one setting's or option's value, shared by the YAML file, the environment and the command line, so
/// that `15m` means the same wherever it is written.
public enum ValueType: Sendable, Equatable {
    case string
    /// Letters, digits, `.`, `_` and `-` of ASCII, at least one of them that is no dot, and not more than a number of them.
    case name(charactersMax: Int)
    case int(ClosedRange<Int> = Int.min...Int.max)
    case double(ClosedRange<Double> = -Double.infinity...Double.infinity)
    case bool
    /// `0`, or a number with `us`, `ms`, `s`, `m`, `h` or `d`; several may follow each other (`1h30m`).
    case duration
    /// A number of bytes, or one with `KB`, `MB`, `GB` (powers of 1,024; `KiB` is the same), of at least so many.
    case byteSize(least: Int = 0)
    case oneOf([String])
    /// Words separated by commas, or a YAML sequence.
    case list

    /// Reads a text; `nil` when it is not of this type.
    public func parse(_ text: String) -> Value? {
        switch self {
        case .string: return .string(text)
        case .name(let most):
            let isName = text.utf8.allSatisfy { Self.isOfName(Unicode.Scalar($0)) } && text.contains { $0 != "." }
            return isName && text.utf8.count <= most ? .string(text) : nil
        case .int(let range):
            guard let number = Int(text.filter { $0 != "_" }), range.contains(number) else { return nil }
            return .int(number)
        case .double(let range):
            guard let number = Double(text), number.isFinite, range.contains(number) else { return nil }
            return .double(number)
        case .bool:
            switch text.lowercased() {
            case "true", "yes", "on", "1": return .bool(true)
            case "false", "no", "off", "0": return .bool(false)
            default: return nil
            }
        case .duration: return Duration(written: text).map(Value.duration)
        case .byteSize(let least): return parseByteSize(text).flatMap { $0 < least ? nil : .bytes($0) }
        case .oneOf(let words): return words.contains(text) ? .string(text) : nil
        case .list:
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
            return .list(words == [""] ? [] : words)
        }
    }

    /// What a value of this type looks like, for error messages: "expected …".
    public var expectation: String {
        switch self {
        case .string: "a text"
        case .name(let most): "a name of at most \(most) letters, digits, '.', '_' and '-'"
        case .int(let range): "a whole number" + Self.bounds(range, unbounded: Int.min...Int.max)
        case .double(let range):
            "a number" + Self.bounds(range, unbounded: -Double.infinity...Double.infinity)
        case .bool: "true or false"
        case .duration: "a duration such as 100ms, 15m, 30d or 0"
        case .byteSize(let least):
            "a size such as 512KB, 64MB or a number of bytes" + (least > 0 ? ", of at least \(Self.short(least))" : "")
        case .oneOf(let words): "one of " + words.joined(separator: ", ")
        case .list: "a list of words"
        }
    }

    /// As a setting would have it: `64KB`.
    private static func short(_ bytes: Int) -> String { HumanFormat.bytes(bytes).filter { $0 != " " } }

    private static func isOfName(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private static func bounds<Number>(_ range: ClosedRange<Number>, unbounded: ClosedRange<Number>) -> String {
        switch (range.lowerBound == unbounded.lowerBound, range.upperBound == unbounded.upperBound) {
        case (true, true): ""
        case (false, true): " of at least \(range.lowerBound)"
        case (true, false): " of at most \(range.upperBound)"
        case (false, false): " from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}

/// A number of bytes from text such as `512KB`; `nil` when it is none or does not fit.
func parseByteSize(_ text: String) -> Int? {
    let upper = text.uppercased()
    let digits = upper.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
    let shift: Int
    switch trimmed(upper.dropFirst(digits.count)) {
    case "", "B": shift = 0
    case "K", "KB", "KIB": shift = 10
    case "M", "MB", "MIB": shift = 20
    case "G", "GB", "GIB": shift = 30
    case "T", "TB", "TIB": shift = 40
    default: return nil
    }
    let number = digits.filter { $0 != "_" }
    if let whole = Int(number) {
        let (bytes, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : bytes
    }
    guard shift > 0, let fraction = Double(number) else { return nil }
    return Int(exactly: (fraction * Double(1 << shift)).rounded())
}

func trimmed(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest.drop(while: \.isWhitespace))
}
