/// Exponential decay by age: half after each half-life.
@frozen
public struct Decay: Sendable, Hashable {
    /// 0 means no decay.
    public let halfLifeMilliseconds: Int64

    /// - Parameter halfLifeMilliseconds: not negative; 0 for no decay.
    @inlinable
    public init(halfLifeMilliseconds: Int64) {
        precondition(halfLifeMilliseconds >= 0, "a half-life is not negative")
        self.halfLifeMilliseconds = halfLifeMilliseconds
    }

    /// 2^(-age / half-life), in 0...1; exact powers of two at whole half-lives. A negative age (an event that is later
    /// than the time asked about) counts as 0.
    /// - Parameter age: milliseconds.
    @inlinable
    public func factor(age: Int64) -> Double {
        guard halfLifeMilliseconds > 0, age > 0 else { return 1 }
        return Deterministic.exp2(-(Double(age) / Double(halfLifeMilliseconds)))
    }
}
