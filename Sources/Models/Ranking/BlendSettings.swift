internal import Events

/// How the learners are read and weighed when a list is ranked. A generation carries the settings that were fitted for it;
/// before the first one, and where fitting is off, the configuration's serve.
///
/// The defaults are one setting for every stream (as measured: within a few per cent of settings tuned for each stream).
///
/// **Support.** A learner's weight for a user is `weight + slope · s`, s being how much is known of the user
/// (`support(items:)`): what a long history is good for differs by learner and by stream, and is fitted with the weights.
///
/// **Roots.** A learner's share is its score over its best one, and what a share is worth need not grow with it evenly: the
/// weight of its square root says how much lies in being among the learner's candidates at all. Fitted with the rest.
public struct BlendSettings: Sendable, Equatable {
    /// Sequential co-visitation: list from the last `depth` items, position q weighing ρ^q, exponents on n.
    public struct Sequential: Sendable, Equatable {
        /// The weight of the learner's share for a user of support 0, as of the other learners.
        public var weight = 1.0
        /// How much the weight grows with the user's support.
        public var slope = 0.0
        /// The weight of the root of the learner's share.
        public var rootWeight = 0.0
        /// How many of the user's newest items are read, and ρ, what each one counts of the one before it.
        public var depth = 12
        public var recency = 0.6
        /// The exponents a, on the n of the item that is scored, and b, on that of the user's item.
        public var targetExponent = 0.15
        public var sourceExponent = 0.5
        public init() {}
    }

    /// Neighbours of the generation, in the same way; their exponents are in the generation's table.
    public struct Neighbours: Sendable, Equatable {
        public var weight = 0.4
        /// How much the weight grows with the user's support.
        public var slope = 0.0
        /// The weight of the root of the learner's share.
        public var rootWeight = 0.0
        /// How many of the user's newest items are read, and ρ, what each one counts of the one before it.
        public var depth = 14
        public var recency = 0.7
        public init() {}

        /// Whether they say anything for any user.
        var counts: Bool { weight > 0 || slope != 0 || rootWeight != 0 }
    }

    /// The user's projection on the generation's item factors.
    public struct Factors: Sendable, Equatable {
        public var weight = 0.7
        /// How much the weight grows with the user's support.
        public var slope = 0.0
        /// The weight of the root of the learner's share.
        public var rootWeight = 0.0
        /// Positions after which an item of the history weighs half.
        ///
        /// Chosen among 1.5, 3, 5, 8, 16 and none on MovieLens 100k; the REES46 head does not tell 3 from 5.
        public var shortMemory = 5.0
        public init() {}
    }

    /// w · (1 + items of the user)^−p on decayed popularity, and another weight on the fourth root of it. Shares of the
    /// largest popularity are tiny for nearly all items: the root tells the rare from the middling, where the other
    /// learners' favour for either is to be put right, as the share tells the middling from the foremost.
    public struct Popularity: Sendable, Equatable {
        public var weight = 0.1
        /// How much the weight grows with the user's support.
        public var slope = 0.0
        /// p; 0 where popularity weighs as much for all users.
        public var exponent = 0.5
        /// The weight of the root, and how much it grows with the user's support.
        public var rootWeight = 0.0
        public var rootSlope = 0.0
        /// The column of the popularity bank.
        public var column = 2
        public init() {}
    }

    /// Σ_q ρ^q [category of the q-th recent item = category of i] · (activity of i / the largest)^½.
    public struct Category: Sendable, Equatable {
        public var weight = 0.8
        /// How much the weight grows with the user's support.
        public var slope = 0.0
        /// The weight of the root of the learner's share.
        public var rootWeight = 0.0
        /// How many of the user's newest items are read, and ρ, what each one counts of the one before it.
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

    /// The support of a user with so many items: 0 at 31, and ±1 where there are eight times as many or as few; no more
    /// than 255 count, so that a bounded history is as good as a whole one.
    public static func support(items: Int) -> Double {
        (Deterministic.log2(Double(min(items, 255) + 1)) - 5) / 3
    }
}
