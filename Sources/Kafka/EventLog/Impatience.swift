/// When to see to it that something comes, until it has: soon at first, for threads that fetch may just not have heard that
/// there is something to read. Where that did not help, a broker does not answer, and each further question would hold up
/// whoever asks for as long as it may take.
struct Impatience {
    private var dueAt: ContinuousClock.Instant?
    private var asked = 0
    private static let patience = Duration.milliseconds(10)
    private static let soonMax = 3
    private static let pause = Duration.seconds(1)

    init(_ now: ContinuousClock.Instant) { dueAt = now + Self.patience }

    /// Something has come.
    mutating func end() { dueAt = nil }

    /// Whether to ask now.
    mutating func isDue(_ now: ContinuousClock.Instant) -> Bool {
        guard let dueAt, now >= dueAt else { return false }
        asked += 1
        self.dueAt = now + (asked < Self.soonMax ? Self.patience : Self.pause)
        return true
    }
}
