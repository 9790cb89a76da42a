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
    /// The blend's weights for the present query's user.
    var learners = LearnerWeights(BlendSettings(), items: 0)
    var table: ItemTable
    var serving: ServingGeneration?
    var lists = PopularityLists()
    let sequential = ScoreAccumulator()
    let neighbours = ScoreAccumulator()
    /// The present query's mark in the stamps of `scratch`.
    var stamp: UInt32 = 0
    private(set) var seenCount = 0
    /// For `parts` alone: lists need one column's.
    var popularityMaxima = PopularityMaxima()
    let selection = Selection()
    var candidates: [Candidate] = []
    let factorSearch: FactorSearch
    let scratch = RankingScratch()
    let kernels = Kernels.best

    struct Candidate {
        var item: Item
        var score: Float
        var reason: Reason
    }

    /// A ranker over a table, with a workspace of its own; `begin` has to come before the first list.
    public init(table: ItemTable, rules: RankingRules = RankingRules()) {
        self.table = table
        self.rules = rules
        candidatesPerLearner = rules.listItems * 2
        factorSearch = FactorSearch()
    }

    /// Takes up the table as it is now, and the generation to rank with; `blend` serves where there is none.
    public func begin(generation: ServingGeneration?, blend: BlendSettings) {
        begin(generation: generation, overriding: generation?.generation.manifest.blend ?? blend)
    }

    /// The same with a blend that serves whatever the generation's manifest says.
    func begin(generation: ServingGeneration?, overriding blend: BlendSettings) {
        if serving !== generation { factorSearch.forget() }
        serving = generation
        self.blend = blend
        // A table with fewer half-lives than the blend was fitted for has its longest one.
        self.blend.popularity.column = min(blend.popularity.column, table.popularity.columns - 1)
        self.blend.category.column = min(blend.category.column, table.activity.columns - 1)
        let count = max(table.identifiers.upperBound, table.upperBound)
        sequential.reserve(count)
        neighbours.reserve(count)
        scratch.reserve(max(count, candidatesPerLearner * 5))
        table.covisitation.setTargetExponent(self.blend.sequential.targetExponent)
        lists.prepare(
            table, popularity: self.blend.popularity.column, activity: self.blend.category.column,
            length: candidatesPerLearner + rules.historyItems + 16)
    }

    /// Ranks the queries, and calls `emit` for each one in order: its place, the list, and the user's own items to go on
    /// with. Both lists are valid during the call only.
    public func rank(
        _ queries: [UserQuery], emit: (Int, borrowing [RankedItem], borrowing [RankedItem]) throws -> Void
    ) rethrows {
        prefetch(queries, after: -2)
        factorSearch.search(
            queries, serving: serving, shortMemory: blend.factors.shortMemory, candidates: candidatesPerLearner)
        prefetch(queries, after: -1)
        var list: [RankedItem] = []
        var own: [RankedItem] = []
        for (place, query) in queries.enumerated() {
            prefetch(queries, after: place)
            list.removeAll(keepingCapacity: true)
            own.removeAll(keepingCapacity: true)
            rankOne(query, place: place, into: &list)
            continueShopping(query, into: &own)
            try emit(place, list, own)
        }
    }

    /// A user's vectors in the factors of the generation that `begin` took up; nil without one, or where it knows none of
    /// the user's items. May be called inside `rank`, with the query's place.
    public func vectors(_ query: UserQuery, place: Int? = nil) -> (long: [Float], short: [Float])? {
        guard let serving else { return nil }
        return factorSearch.vectors(query, serving, shortMemory: blend.factors.shortMemory, place: place)
    }

    /// Begins a query: nothing but its own items is marked.
    func mark(_ query: UserQuery) {
        stamp &+= 1
        if stamp == 0 {
            // All marks there are would be valid again, and what was never marked too.
            scratch.clearMarks()
            stamp = 1
        }
        let seen = scratch.seen
        for item in query.recents { seen[Int(item)] = stamp }
        seenCount = query.recents.count
        learners = LearnerWeights(blend, items: query.recents.count)
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
}
