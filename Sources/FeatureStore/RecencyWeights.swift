internal import Events

/// Weights by age, 2^(−age / half-life), from a table in steps of a sixteenth of a half-life.
///
/// Affinities are shares of sums of such weights, so a step's error of at most 4.4% in a single weight does not matter;
/// the table makes a row of features several times cheaper than the exact powers would.
public struct RecencyWeights: Sendable {
    private static let stepsPerHalfLife = 16
    private static let halfLives = 32

    @usableFromInline let table: [Float]
    @usableFromInline let stepsPerMillisecond: Double

    /// - Parameter halfLifeMilliseconds: 0 for no decay.
    public init(halfLifeMilliseconds: Int64) {
        precondition(halfLifeMilliseconds >= 0, "a half-life is not negative")
        table = (0...Self.stepsPerHalfLife * Self.halfLives).map {
            Float(Deterministic.exp2(-Double($0) / Double(Self.stepsPerHalfLife)))
        }
        stepsPerMillisecond =
            halfLifeMilliseconds == 0 ? 0 : Double(Self.stepsPerHalfLife) / Double(halfLifeMilliseconds)
    }

    /// The weight of something `age` ms old; 1 for a negative age.
    @inlinable
    public func weight(age: Int64) -> Float {
        let step = Double(max(0, age)) * stepsPerMillisecond
        return table[step < Double(table.count - 1) ? Int(step) : table.count - 1]
    }
}
