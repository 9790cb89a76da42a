internal import Events
internal import Linear

/// What the candidates are worth, and in which order they stand.
extension Ranker {
    /// The square root of an item's share of the largest activity.
    @inline(__always)
    func activityShare(_ item: Item) -> Float {
        Models.activityShare(table.activity.value(item, column: blend.category.column), of: lists.activityMax)
    }

    func score(
        _ query: UserQuery, place: Int, categories: CategoryWeights,
        maxima: (sequential: Float, neighbours: Float, factors: Float)
    ) {
        let sequentialUnits = learners.sequential.units(maxima.sequential)
        let neighboursUnits = learners.neighbours.units(maxima.neighbours)
        let factorsUnits = learners.factors.units(maxima.factors)
        let categoryUnits = learners.category.units(categories.best)
        let scoresFactors = maxima.factors > 0
        let popularityUnit = lists.popularityMax > 0 ? 1 / lists.popularityMax : 0
        let popularityShare = Float(learners.popularity)
        let rootShare = Float(learners.popularityRoot)
        // A fitted weight can be negative, where the other learners favour popular items too much. Items that none of them
        // knows for this user still follow in the order of popularity.
        let aloneShare = Float(max(learners.popularity, Self.popularityAloneMin))
        if scoresFactors { scoreFactors(place) }
        let factorScores = scratch.values
        candidates.withUnsafeMutableBufferPointer { candidates in
            for index in candidates.indices {
                let item = candidates[index].item
                var sum = ScoreSum()
                sum.add(sequential[item], sequentialUnits, .viewedNext)
                sum.add(neighbours[item], neighboursUnits, .similar)
                if scoresFactors { sum.add(factorScores[index], factorsUnits, .forYou) }
                if categories.best > 0 {
                    let weight = categories.weight(of: table.category(item))
                    if weight > 0 { sum.add(weight * activityShare(item), categoryUnits, .category) }
                }
                let value = table.popularity.value(item, column: blend.popularity.column)
                let popularity = Float(value * popularityUnit)
                if sum.isKnown {
                    // The root puts the other learners right: it is no reason of its own.
                    sum.total += rootShare * popularity.squareRoot().squareRoot()
                    sum.add(popularity * popularityShare, .popular)
                } else {
                    sum.add(popularity * aloneShare, .popular)
                }
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
    /// Whether any of the other learners knows the item for this user.
    private(set) var isKnown = false

    @inline(__always)
    mutating func add(_ score: Float, _ units: LearnerWeights.Units, _ because: Reason) {
        if score > 0 { isKnown = true }
        add(units(score), because)
    }

    @inline(__always)
    mutating func add(_ part: Float, _ because: Reason) {
        total += part
        if part > strongest {
            strongest = part
            reason = because
        }
    }
}
