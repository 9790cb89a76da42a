internal import Events
internal import Linear

/// Where the candidates come from: the best of each learner.
extension Ranker {
    @inline(__always)
    func isSeen(_ item: Item) -> Bool { rules.excludesSeen && scratch.seen[Int(item)] == stamp }

    @inline(__always)
    func add(_ item: Item) {
        guard scratch.met[Int(item)] != stamp else { return }
        scratch.met[Int(item)] = stamp
        table.prefetchScores(item)
        candidates.append(Candidate(item: item, score: 0, reason: .popular))
    }

    /// Takes the best of what was selected. A rank is half of an identifier's hash, so two may be equal: then the bytes decide,
    /// on every instance alike.
    @inline(__always)
    private func addSelected() {
        selection.forEachBest(
            candidatesPerLearner,
            by: { table.identifiers.precedes(Item(bitPattern: $0), Item(bitPattern: $1)) },
            { add(Item(bitPattern: $0)) })
    }

    /// Takes the best unseen of the scored items among the candidates.
    ///
    /// A bar that enough scores reach keeps most of them away from the selection. Should seen or withdrawn items leave too
    /// few above it, all are offered.
    private func takeBest(_ scores: ScoreAccumulator) {
        let values = scratch.values
        let touched = scores.touched
        let enough = candidatesPerLearner + (rules.excludesSeen ? seenCount : 0)
        var bar = kernels.bar(values, count: scores.count, reachedBy: enough)
        while true {
            selection.begin(scores.count)
            let reaching = kernels.places(of: values, count: scores.count, reaching: bar, into: scratch.rows)
            for index in 0..<reaching { table.prefetchIdentity(touched[Int(scratch.rows[index])]) }
            for index in 0..<reaching {
                let place = Int(scratch.rows[index])
                let item = touched[place]
                guard !isSeen(item), table.isRecommendable(item) else { continue }
                selection.offer(
                    values[place], index: Int32(bitPattern: item),
                    rank: UInt32(truncatingIfNeeded: table.identifiers.hash(item)))
            }
            if selection.count >= candidatesPerLearner || bar == -.infinity { break }
            bar = -.infinity
        }
        addSelected()
    }

    func collectSequential(_ query: UserQuery) -> Float {
        guard learners.sequential.counts else { return 0 }
        let rows = table.covisitation
        var recency: Float = 1
        for item in query.recents.prefix(blend.sequential.depth) where recency > 0 {
            let total = rows.total(item)
            if total > 0 {
                let factor = recency * Float(Deterministic.pow(total, -blend.sequential.sourceExponent))
                rows.addNeighbours(of: item, times: factor, to: sequential)
            }
            recency *= Float(blend.sequential.recency)
        }
        let largest = gatherSequential(rows)
        takeBest(sequential)
        return largest
    }

    /// The scores, with the target's count in them, into `scratch.values`; the largest of them.
    private func gatherSequential(_ rows: CovisitationTable) -> Float {
        guard blend.sequential.targetExponent > 0 else { return sequential.gather(into: scratch.values) }
        if let norms = rows.targetNorms(below: sequential.capacity) {
            return sequential.gather(into: scratch.values, scaledBy: norms)
        }
        rows.multiplyByTargetNorms(sequential)
        return sequential.gather(into: scratch.values)
    }

    func collectNeighbours(_ query: UserQuery) -> Float {
        guard learners.neighbours.counts, let serving, serving.generation.neighboursPerItem > 0 else { return 0 }
        var recency: Float = 1
        for item in query.recents.prefix(blend.neighbours.depth) where recency > 0 {
            let row = Int(serving.row(item))
            if row >= 0 { serving.addNeighbours(of: row, times: recency, to: neighbours) }
            recency *= Float(blend.neighbours.recency)
        }
        let largest = neighbours.gather(into: scratch.values)
        takeBest(neighbours)
        return largest
    }

    /// The weight of each category among the user's recent items, and the best score that any item gets from it.
    func collectCategories(_ query: UserQuery) -> CategoryWeights {
        var weights = CategoryWeights()
        guard learners.category.counts else { return weights }
        var recency: Float = 1
        for item in query.recents.prefix(blend.category.depth) {
            let category = table.category(item)
            if category != IdentifierTable.none { weights.add(category, recency) }
            recency *= Float(blend.category.recency)
        }
        // An item behind a category's best 2N, or below the last of another one's, cannot be among the best 2N of all.
        var bar = -Float.infinity
        selection.begin(weights.count * candidatesPerLearner)
        for index in 0..<weights.count {
            guard let top = lists.top(of: weights[index].category, table) else { continue }
            let weight = weights[index].weight
            let items = top.items
            var found = 0
            for place in items.indices {
                let item = items[place]
                let score = weight * top.share(place)
                weights.best = max(weights.best, score)
                if isSeen(item) { continue }
                if score < bar { break }
                selection.offer(
                    score, index: Int32(bitPattern: item),
                    rank: UInt32(truncatingIfNeeded: table.identifiers.hash(item)))
                found += 1
                if found == candidatesPerLearner {
                    bar = max(bar, score)
                    break
                }
            }
        }
        addSelected()
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
        guard learners.factors.counts, let serving else { return 0 }
        var results = factorSearch.results(place)
        let largest = results.first?.score ?? 0
        var (looked, found) = (0, 0)
        while found < candidatesPerLearner {
            if looked == results.count {
                // Items of the generation that are withdrawn since take places in the results.
                guard let more = factorSearch.more(place, than: looked) else { break }
                results = more
                continue
            }
            let item = serving.itemNumbers[Int(results[results.startIndex + looked].index)]
            looked += 1
            if isSeen(item) || !table.isRecommendable(item) { continue }
            add(item)
            found += 1
        }
        return max(0, largest)
    }

    /// Asks for the rows that a query two places further on adds up, and for what stands in those of the next one, while
    /// this one is worked on: a table of tens of megabytes keeps few of them in the caches. Places may be none.
    func prefetch(_ queries: [UserQuery], after place: Int) {
        if queries.indices.contains(place + 2) {
            for item in queries[place + 2].recents.prefix(blend.sequential.depth) {
                table.covisitation.prefetchRow(item)
            }
        }
        guard queries.indices.contains(place + 1) else { return }
        let next = queries[place + 1].recents
        for item in next.prefix(blend.sequential.depth) { table.covisitation.prefetchNeighbours(of: item) }
        guard let serving, blend.neighbours.counts else { return }
        for item in next.prefix(blend.neighbours.depth) { serving.prefetchNeighbours(of: serving.row(item)) }
    }
}
