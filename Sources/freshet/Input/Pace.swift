/// When the next event may go: so many a second, at a multiple of event time, or at once.
struct Pace {
    enum Kind: Equatable {
        case unlimited
        /// Events a second.
        case rate(Double)
        /// Seconds of event time in a second.
        case speed(Double)
    }

    let kind: Kind
    private var count = 0
    /// The largest event time so far: a file need not be sorted, and an earlier event goes at once.
    private var latest: Int64?
    private var first: Int64 = 0

    init(_ kind: Kind) { self.kind = kind }

    /// Seconds after the start at which an event of this time may go. Call once an event, in order.
    mutating func due(time: Int64) -> Double {
        defer { count += 1 }
        switch kind {
        case .unlimited: return 0
        case .rate(let rate): return Double(count) / rate
        case .speed(let speed):
            if latest == nil { first = time }
            latest = max(latest ?? time, time)
            return Double(latest! - first) / 1000 / speed
        }
    }
}
