/// In ms; moved by hand, and by so much with each look.
final class ManualClock {
    var now: UInt64 = 0
    var tick: UInt64 = 0

    func look() -> UInt64 {
        now += tick
        return now
    }
}
