extension Duration {
    /// Reads `0`, `100ms`, `15m`, `1h30m`, `1.5s`; `nil` when the text is no duration, negative, or out of range.
    public init?(written text: String) {
        var rest = Substring(trimmed(text))
        if rest == "0" {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        var nanoseconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let scale = Self.nanoseconds(in: unit) else { return nil }
            nanoseconds += number * scale
        }
        guard let whole = Int64(exactly: nanoseconds.rounded()) else { return nil }
        self = .nanoseconds(whole)
    }

    private static func nanoseconds(in unit: Substring) -> Double? {
        switch unit {
        case "ns": 1
        case "us", "µs": 1e3
        case "ms": 1e6
        case "s": 1e9
        case "m", "min": 60e9
        case "h": 3_600e9
        case "d": 86_400e9
        default: nil
        }
    }

    /// Whole milliseconds, rounded towards zero: what Kafka's settings are counted in.
    public var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// Nanoseconds; a duration beyond 292 years is held at the largest number.
    public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds, with the fraction.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
