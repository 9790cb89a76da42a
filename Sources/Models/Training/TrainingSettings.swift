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
    public var neighbours = WindowNeighbours.Settings()
    /// Whether the blend is fitted on the latest held-out interactions, and α₀ and λ chosen by them.
    public var isFitted = true
    /// Held-out interactions that a fit takes, at most; evenly spread over more.
    public var casesMax = 5000
    /// Interactions that are replayed for a fit, at most; the latest ones.
    public var replayedMax = 1_000_000
    /// The item table that lists are ranked with.
    public var items = ItemTable.Settings()
    /// What these lists may hold.
    public var rules = RankingRules()
    public var seed: UInt64 = 1
    /// How many threads a training may take; they change nothing in the generation.
    public var threads = 2

    public init() {}

    /// K for a catalogue: no more than 8, or a quarter of the items in steps of 8.
    func factors(items: Int) -> Int { min(factors, max(8, items / 4 / 8 * 8)) }
}

extension TrainingSettings {
    /// What of the blend's recipe is set, not fitted: a generation's manifest names it, as an algorithm's does its own.
    private static let recipe: [Parameter<TrainingSettings>] = [
        .integer("factors", 1...1024, \.factors, "K, where the catalogue is large enough"),
        .real("alpha", 0...1_000_000, \.alpha, "α"),
        .real("exponent", 0...4, \.regularizationExponent, "ν"),
        .integer("neighbours.window", 1...100_000, \.neighbours.window, "places apart in a history"),
        .real("neighbours.target", 0...4, \.neighbours.targetExponent, "a"),
        .real("neighbours.source", 0...4, \.neighbours.sourceExponent, "b"),
        .integer("neighbours.kept", 1...10_000, \.neighbours.perItem, "a row"),
    ]

    /// The recipe as a manifest has it.
    var manifestSettings: [String] { Self.recipe.map { "\($0.name)=\($0.domain.text($0.get(self)))" } }

    /// Takes the recipe of a manifest; one that was written before there were settings in it changes nothing.
    mutating func take(_ settings: [String]) {
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let parameter = Self.recipe.first(where: { $0.name == parts[0] }),
                let value = parameter.domain.value(parts[1])
            else { continue }
            parameter.set(&self, value)
        }
    }
}
