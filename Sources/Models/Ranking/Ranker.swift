internal import Events
internal import Linear

/// Ranks lists: the blend of all learners over their candidates.
///
/// The candidates are the top 2N unseen items of each learner. Each learner's scores are divided by its best score over
/// all items, weighted and added; ties go by the item's identifier. A list is a function of the user's query, the item
/// table and the generation, to the bit, whatever else is ranked beside it.
///
/// A ranker owns its workspace: one a thread. It reads the table, which must not change between `begin` and the end of
/// the calls that follow it.
public final class Ranker {
    typealias Item = IdentifierTable.Number

    /// Recency weights of factors below this count as none, which keeps the projection small.
    static let factorWeightMin: Float = 0x1p-10
    /// The least weight of popularity for items of which no other learner says anything.
    static let popularityAloneMin = 0.01

    public let rules: RankingRules
    let candidatesPerLearner: Int
    var blend = BlendSettings()
    var table: ItemTable
    var serving: ServingGeneration?
    var lists = PopularityLists()
    let sequential = ScoreAccumulator()
    let neighbours = ScoreAccumulator()
    /// The present query's mark in the stamps of `scratch`.
    var stamp: UInt32 = 0
    private var seenCount = 0
    var best: TopN
    var bestItems: [Scored] = []
    var candidates: [Candidate] = []
    let factorSearch: FactorSearch
    let scratch = RankingScratch()
    private let kernels = Kernels.best

    struct Candidate {
        var item: Item
        var score: Float
        var reason: Reason
    }

    public init(table: ItemTable, rules: RankingRules = RankingRules()) {
        self.table = table
        self.rules = rules
        candidatesPerLearner = rules.listItems * 2
        best = TopN(capacity: rules.listItems * 2)
        factorSearch = FactorSearch()
    }

    /// Takes up the table as it is now, and the generation to rank with; `blend` serves where there is none.
    public func begin(generation: ServingGeneration?, blend: BlendSettings) {
        begin(generation: generation, overriding: generation?.generation.manifest.blend ?? blend)
    }

    /// The same with a blend that serves whatever the generation's manifest says.
    func begin(generation: ServingGeneration?, overriding blend: BlendSettings) {
        serving = generation
        self.blend = blend
        let count = max(table.identifiers.upperBound, table.upperBound)
        sequential.reserve(count)
        neighbours.reserve(count)
        scratch.reserve(max(count, candidatesPerLearner * 5))
        table.covisitation.setTargetExponent(self.blend.sequential.targetExponent)
        lists.prepare(
            table, popularity: self.blend.popularity.column, activity: self.blend.category.column,
            length: candidatesPerLearner + 216)
    }

    /// Ranks the queries, and calls `emit` for each one in order: its place, the list, and the user's own items to go on
    /// with. Both lists are valid during the call only.
    public func rank(
        _ queries: [UserQuery], emit: (Int, borrowing [RankedItem], borrowing [RankedItem]) throws -> Void
    ) rethrows {
        factorSearch.search(
            queries, serving: serving, shortMemory: blend.factors.shortMemory, candidates: candidatesPerLearner)
        var list: [RankedItem] = []
        var own: [RankedItem] = []
        for (place, query) in queries.enumerated() {
            list.removeAll(keepingCapacity: true)
            own.removeAll(keepingCapacity: true)
            rankOne(query, place: place, into: &list)
            continueShopping(query, into: &own)
            try emit(place, list, own)
        }
    }

    /// Begins a query: nothing but its own items is marked.
    func mark(_ query: UserQuery) {
        stamp &+= 1
        let seen = scratch.seen
        for item in query.recents { seen[Int(item)] = stamp }
        seenCount = query.recents.count
        candidates.removeAll(keepingCapacity: true)
    }

    private func rankOne(_ query: UserQuery, place: Int, into list: inout [RankedItem]) {
        mark(query)
        let sequentialMax = collectSequential(query)
        let neighboursMax = collectNeighbours(query)
        let categories = collectCategories(query)
        collectPopular()
        let factorsMax = collectFactors(place: place)
        score(
            query, place: place, categories: categories,
            maxima: (sequential: sequentialMax, neighbours: neighboursMax, factors: factorsMax))
        sequential.clear()
        neighbours.clear()
        sortCandidates()
        apply(rules, query, into: &list)
    }

    // MARK: - Candidates

    @inline(__always)
    func isSeen(_ item: Item) -> Bool { rules.excludesSeen && scratch.seen[Int(item)] == stamp }

    @inline(__always)
    func add(_ item: Item) {
        guard scratch.met[Int(item)] != stamp else { return }
        scratch.met[Int(item)] = stamp
        candidates.append(Candidate(item: item, score: 0, reason: .popular))
    }

    /// The largest score, with the best unseen items among the candidates.
    ///
    /// A bar that enough scores reach keeps most of them away from the heap. Should seen or withdrawn items leave too few
    /// above it, all are offered.
    private func takeBest(_ scores: ScoreAccumulator) -> Float {
        var largest: Float = 0
        let values = scratch.values
        let touched = scores.touched
        let count = scores.count
        for place in 0..<count {
            let score = scores[touched[place]]
            values[place] = score
            largest = max(largest, score)
        }
        let enough = candidatesPerLearner + (rules.excludesSeen ? seenCount : 0)
        var bar = kernels.bar(values, count: count, reachedBy: enough)
        while true {
            for place in 0..<count where values[place] >= bar && values[place] >= best.threshold {
                let item = touched[place]
                guard !isSeen(item), table.isRecommendable(item) else { continue }
                best.offer(
                    values[place], index: Int32(bitPattern: item),
                    rank: UInt32(truncatingIfNeeded: table.identifiers.hash(item)))
            }
            if best.count == candidatesPerLearner || bar == -.infinity { break }
            best.removeAll()
            bar = -.infinity
        }
        takeOffered()
        return largest
    }

    /// What the heap holds, among the candidates.
    private func takeOffered() {
        bestItems.removeAll(keepingCapacity: true)
        best.drain(into: &bestItems)
        for scored in bestItems { add(Item(bitPattern: scored.index)) }
    }

    func collectSequential(_ query: UserQuery) -> Float {
        guard blend.sequential.weight > 0 else { return 0 }
        let rows = table.covisitation
        var recency: Float = 1
        for item in query.recents.prefix(blend.sequential.depth) {
            let total = rows.total(item)
            if total > 0 {
                let factor = recency * Float(Deterministic.pow(total, -blend.sequential.sourceExponent))
                rows.addNeighbours(of: item, times: factor, to: sequential)
            }
            recency *= Float(blend.sequential.recency)
        }
        if blend.sequential.targetExponent > 0 { rows.multiplyByTargetNorms(sequential) }
        return takeBest(sequential)
    }

    func collectNeighbours(_ query: UserQuery) -> Float {
        guard blend.neighbours.weight > 0, let serving, serving.generation.neighboursPerItem > 0 else { return 0 }
        var recency: Float = 1
        for item in query.recents.prefix(blend.neighbours.depth) {
            let row = Int(serving.row(item))
            if row >= 0 { serving.addNeighbours(of: row, times: recency, to: neighbours) }
            recency *= Float(blend.neighbours.recency)
        }
        return takeBest(neighbours)
    }

    /// The weight of each category among the user's recent items, and the best score that any item gets from it.
    func collectCategories(_ query: UserQuery) -> CategoryWeights {
        var weights = CategoryWeights()
        guard blend.category.weight > 0 else { return weights }
        var recency: Float = 1
        for item in query.recents.prefix(blend.category.depth) {
            let category = table.category(item)
            if category != IdentifierTable.none { weights.add(category, recency) }
            recency *= Float(blend.category.recency)
        }
        for index in 0..<weights.count {
            var found = 0
            guard let top = lists.top(of: weights[index].category, table) else { continue }
            let weight = weights[index].weight
            for place in top.items.indices {
                let item = top.items[place]
                let score = weight * top.share(place, activityShare)
                weights.best = max(weights.best, score)
                if isSeen(item) { continue }
                if score < best.threshold { break }
                best.offer(
                    score, index: Int32(bitPattern: item),
                    rank: UInt32(truncatingIfNeeded: table.identifiers.hash(item)))
                found += 1
                if found == candidatesPerLearner { break }
            }
        }
        takeOffered()
        return weights
    }

    func collectPopular() {
        var found = 0
        for item in lists.top where !isSeen(item) {
            add(item)
            found += 1
            if found == candidatesPerLearner { return }
        }
    }

    func collectFactors(place: Int) -> Float {
        guard blend.factors.weight > 0, let serving else { return 0 }
        let results = factorSearch.results(place)
        var found = 0
        for scored in results {
            let item = serving.itemNumbers[Int(scored.index)]
            if isSeen(item) || !table.isRecommendable(item) { continue }
            add(item)
            found += 1
            if found == candidatesPerLearner { break }
        }
        return max(0, results.first?.score ?? 0)
    }

    // MARK: - Scores

    /// The square root of an item's share of the largest activity.
    @inline(__always)
    func activityShare(_ item: Item) -> Float {
        lists.activityMax > 0
            ? Float((table.activity.value(item, column: blend.category.column) / lists.activityMax).squareRoot()) : 0
    }

    private func score(
        _ query: UserQuery, place: Int, categories: CategoryWeights,
        maxima: (sequential: Float, neighbours: Float, factors: Float)
    ) {
        func share(_ weight: Double, _ largest: Float) -> Float { largest > 0 ? Float(weight) / largest : 0 }
        let sequentialShare = share(blend.sequential.weight, maxima.sequential)
        let neighboursShare = share(blend.neighbours.weight, maxima.neighbours)
        let factorsShare = share(blend.factors.weight, maxima.factors)
        let categoryShare = share(blend.category.weight, categories.best)
        let support = Deterministic.pow(1 + Double(query.recents.count), -blend.popularity.exponent)
        let popularityUnit = lists.popularityMax > 0 ? support / lists.popularityMax : 0
        let popularityShare = Float(blend.popularity.weight * popularityUnit)
        // A fitted weight can be negative, where the other learners favour popular items too much. Items that none of them
        // knows for this user still follow in the order of popularity.
        let aloneShare = Float(max(blend.popularity.weight, Self.popularityAloneMin) * popularityUnit)
        if factorsShare > 0 { scoreFactors(place) }
        let factorScores = scratch.values
        candidates.withUnsafeMutableBufferPointer { candidates in
            for index in candidates.indices {
                let item = candidates[index].item
                var sum = ScoreSum()
                sum.add(sequential[item] * sequentialShare, .viewedNext)
                sum.add(neighbours[item] * neighboursShare, .similar)
                if factorsShare > 0 { sum.add(factorScores[index] * factorsShare, .forYou) }
                if categoryShare > 0 {
                    let weight = categories.weight(of: table.category(item))
                    if weight > 0 { sum.add(weight * activityShare(item) * categoryShare, .category) }
                }
                let popularity = Float(table.popularity.value(item, column: blend.popularity.column))
                sum.add(popularity * (sum.strongest > 0 ? popularityShare : aloneShare), .popular)
                candidates[index].score = sum.total
                candidates[index].reason = sum.reason
            }
        }
    }

    /// The factor learner's score of each candidate into `scratch.values`; 0 for items without factors.
    func scoreFactors(_ place: Int) {
        guard let serving else { return }
        let values = scratch.values
        let rows = scratch.rows
        // Row 0 stands in for none, and its score is put away.
        for index in candidates.indices { rows[index] = max(0, serving.row(candidates[index].item)) }
        factorSearch.scores(place, rows: rows, count: candidates.count, into: values)
        for index in candidates.indices where rows[index] == 0 && serving.row(candidates[index].item) < 0 {
            values[index] = 0
        }
    }

    /// Sorts the candidates, as far as the list needs them.
    private func sortCandidates() {
        let identifiers = table.identifiers
        if rules.perCategoryMax == 0, rules.exploration == 0 {
            let values = scratch.values
            for index in candidates.indices { values[index] = candidates[index].score }
            let bar = kernels.bar(values, count: candidates.count, reachedBy: rules.listItems)
            candidates.removeAll { $0.score < bar }
        }
        candidates.sort { a, b in
            a.score != b.score ? a.score > b.score : identifiers.precedes(a.item, b.item)
        }
    }
}

/// A candidate's score as it adds up, and the learner that gave most of it.
private struct ScoreSum {
    var total: Float = 0
    private(set) var strongest: Float = 0
    var reason = Reason.popular

    @inline(__always)
    mutating func add(_ part: Float, _ because: Reason) {
        total += part
        if part > strongest {
            strongest = part
            reason = because
        }
    }
}
