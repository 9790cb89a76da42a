/// How a generation is trained. The defaults are one setting for every stream.
public struct TrainingSettings: Sendable, Equatable {
    /// K; small catalogues get fewer factors.
    public var factors = 64
    /// α, the weight of a rating.
    public var alpha = 1.0
    /// α₀, the weight of what was not touched.
    public var unobservedWeight = 0.1
    /// λ
    public var regularization = 0.01
    /// ν
    public var regularizationExponent = 1.0
    /// Sweeps of a fit from nothing, and of one that starts from an earlier generation.
    public var firstSweeps = 12
    public var warmSweeps = 3
    public var neighbours = ItemNeighbours.Settings()
    /// Whether the blend is fitted on the latest held-out interactions, and α₀ and λ chosen by them.
    public var isFitted = true
    /// Held-out interactions that a fit takes, at most; evenly spread over more.
    public var casesMax = 5000
    /// Interactions that are replayed for a fit, at most; the latest ones.
    public var replayedMax = 1_000_000
    /// The item table that lists are ranked with.
    public var items = ItemTable.Settings()
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {}

    /// K for a catalogue: no more than 8, or a quarter of the items in steps of 8.
    func factors(items: Int) -> Int { min(factors, max(8, items / 4 / 8 * 8)) }
}
