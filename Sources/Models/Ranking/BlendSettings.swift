/// How the learners are read and weighed when a list is ranked. A generation carries the settings that were fitted for it;
/// before the first one, and where fitting is off, the configuration's serve.
///
/// The defaults are one setting for every stream (the design's measurements: within a few per cent of settings tuned for
/// each stream).
public struct BlendSettings: Sendable, Equatable {
    /// Sequential co-visitation: list from the last `depth` items, position q weighing ρ^q, exponents on n.
    public struct Sequential: Sendable, Equatable {
        public var weight = 1.0
        public var depth = 12
        public var recency = 0.6
        public var targetExponent = 0.15
        public var sourceExponent = 0.5
        public init() {}
    }

    /// Neighbours of the generation, in the same way; their exponents are in the generation's table.
    public struct Neighbours: Sendable, Equatable {
        public var weight = 0.4
        public var depth = 14
        public var recency = 0.7
        public init() {}
    }

    /// The user's projection on the generation's item factors.
    public struct Factors: Sendable, Equatable {
        public var weight = 0.7
        /// Positions after which an item of the history weighs half.
        public var shortMemory = 3.0
        public init() {}
    }

    /// w · (1 + items of the user)^−p on decayed popularity.
    public struct Popularity: Sendable, Equatable {
        public var weight = 0.1
        public var exponent = 0.5
        /// The column of the popularity bank.
        public var column = 2
        public init() {}
    }

    /// Σ_q ρ^q [category of the q-th recent item = category of i] · (activity of i / the largest)^½.
    public struct Category: Sendable, Equatable {
        public var weight = 0.8
        public var depth = 20
        public var recency = 0.7
        /// The column of the activity bank.
        public var column = 2
        public init() {}
    }

    public var sequential = Sequential()
    public var neighbours = Neighbours()
    public var factors = Factors()
    public var popularity = Popularity()
    public var category = Category()

    public init() {}
}
