internal import Events

/// What two generations' lists were worth on the same held-out interactions.
public struct GenerationComparison: Sendable, Equatable {
    /// HR@20 and NDCG@20 of the lists of one generation.
    public struct Quality: Sendable, Equatable {
        /// Both are means over the cases, from 0 to 1.
        public var hitRate = 0.0
        public var ndcg = 0.0

        public init(hitRate: Double = 0, ndcg: Double = 0) {
            self.hitRate = hitRate
            self.ndcg = ndcg
        }
    }

    /// Held-out interactions that were ranked for, and the users that they are of.
    public var cases = 0
    public var users = 0
    /// The candidate's lists, and those of what it is compared with.
    public var candidate = Quality()
    public var serving = Quality()
    /// NDCG@20 of the candidate less that of the other.
    public var difference = PairedInterval()
    /// Neither generation was trained on anything later than this, in ms; the cases are later.
    public var boundary: Int64 = 0

    /// Whose figures are not the generation's own, but those of its recipe trained until `boundary`: it had seen the cases
    /// itself, or has been trained again on everything since.
    public struct StandIns: Sendable, Equatable {
        public var candidate: Bool
        public var serving: Bool

        public init(candidate: Bool = false, serving: Bool = false) {
            self.candidate = candidate
            self.serving = serving
        }
    }

    /// Nil where the record of it does not tell.
    public var standIns: StandIns?

    public init() {}

    /// Whether the cases, and the users that they are of, are enough to tell by.
    public var isEnough: Bool { cases >= GenerationDecision.casesMin && users >= GenerationDecision.usersMin }

    /// N of the lists that are compared.
    public static let length = 20

    /// Worse beyond chance: the whole interval of the difference lies below 0.
    public var isWorse: Bool { cases > 0 && difference.high < 0 }
}

extension HeldOutReplay {
    /// Plays the interactions after a time, and compares the lists that two generations would serve just before each
    /// one. Both are ranked on the same item table, which learns each interaction after it was asked for.
    ///
    /// - Parameters:
    ///   - boundary: later than all that either generation was trained on, in ms.
    ///   - serving: nil ranks without a generation, by `blend`.
    func compare(
        _ candidate: Generation, with serving: Generation?, after boundary: Int64, blend: BlendSettings,
        progress: (Double) -> Void, isCancelled: () -> Bool
    ) -> GenerationComparison {
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        let table = ItemTable(settings: settings.items, identifiers: identifiers)
        let rankers = [Ranker(table: table, rules: rules), Ranker(table: table, rules: rules)]
        let generations = [candidate, serving].map { $0.map { ServingGeneration($0, identifiers: identifiers) } }
        var tally = ComparisonTally()
        play(table, after: boundary, progress: progress, isCancelled: isCancelled) { place, query in
            for (index, ranker) in rankers.enumerated() {
                ranker.begin(generation: generations[index], blend: blend)
                ranker.rank([query]) { _, list, _ in
                    var rank: Int?
                    for n in list.indices where list[n].item == IdentifierTable.Number(histories.rows[place]) {
                        rank = n
                    }
                    tally.add(rank, of: index)
                }
            }
            tally.endCase(user: users[place])
        }
        return tally.comparison(boundary: boundary)
    }
}

/// Adds up the cases of a comparison.
private struct ComparisonTally {
    private var hits = [0.0, 0.0]
    private var gains = [0.0, 0.0]
    private var present = [0.0, 0.0]
    private var cases = 0
    private var differences: [(sum: Double, cases: Int)] = []
    private var places: [Int32: Int] = [:]

    mutating func add(_ rank: Int?, of model: Int) {
        present[model] = Gain.at(rank)
        hits[model] += rank == nil ? 0 : 1
        gains[model] += present[model]
    }

    mutating func endCase(user: Int32) {
        cases += 1
        let place = places[user] ?? differences.count
        if place == differences.count {
            places[user] = place
            differences.append((0, 0))
        }
        differences[place].sum += present[0] - present[1]
        differences[place].cases += 1
    }

    func comparison(boundary: Int64) -> GenerationComparison {
        var result = GenerationComparison()
        result.boundary = boundary
        result.cases = cases
        result.users = differences.count
        guard cases > 0 else { return result }
        let count = Double(cases)
        result.candidate = .init(hitRate: hits[0] / count, ndcg: gains[0] / count)
        result.serving = .init(hitRate: hits[1] / count, ndcg: gains[1] / count)
        result.difference = PairedBootstrap().interval(differences)
        return result
    }
}
