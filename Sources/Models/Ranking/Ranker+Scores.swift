internal import Events
internal import Linear

/// What the candidates are worth, and in which order they stand.
extension Ranker {
    /// The square root of an item's share of the largest activity.
    @inline(__always)
    func activityShare(_ item: Item) -> Float {
        lists.activityMax > 0
            ? Float((table.activity.value(item, column: blend.category.column) / lists.activityMax).squareRoot()) : 0
    }

    func score(
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
    func sortCandidates() {
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
