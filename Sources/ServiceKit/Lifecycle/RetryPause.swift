/// How long to wait before the next attempt at what has failed: half a second more each time, ten at most. An attempt that
/// went well for a while ends the count, so that faults that are months apart do not add up.
public struct RetryPause: Sendable {
    private var failures = 0
    private var beganAt: ContinuousClock.Instant

    private static let step = Duration.milliseconds(500)
    private static let longest = Duration.seconds(10)
    private static let goodFor = Duration.seconds(60)

    public init(now: ContinuousClock.Instant = .now) { beganAt = now }

    /// The attempt has failed. The next one begins after what this returns.
    public mutating func next(now: ContinuousClock.Instant = .now) -> Duration {
        if beganAt.duration(to: now) >= Self.goodFor { failures = 0 }
        failures += 1
        let pause = min(Self.step * failures, Self.longest)
        beganAt = now + pause
        return pause
    }
}
