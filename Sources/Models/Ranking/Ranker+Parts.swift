internal import Events
internal import Linear

/// What each learner says about a candidate, each as a share of its best score over all items.
struct CandidateParts {
    var item: UInt32
    var sequential: Float
    var neighbours: Float
    var factors: Float
    var category: Float
    /// Of each column of the bank.
    var popularity: [Float]
}

extension Ranker {
    /// The candidates of one query with the learners' shares instead of their weighted sum, for fitting the weights;
    /// those of a learner without weight are missing.
    func parts(_ query: UserQuery) -> [CandidateParts] {
        factorSearch.search(
            [query], serving: serving, shortMemory: blend.factors.shortMemory, candidates: candidatesPerLearner)
        mark(query)
        let sequentialMax = collectSequential(query)
        let neighboursMax = collectNeighbours(query)
        let categories = collectCategories(query)
        collectPopular()
        let factorsMax = collectFactors(place: 0)
        func share(_ score: Float, _ largest: Float) -> Float { largest > 0 ? score / largest : 0 }
        popularityMaxima.prepare(table)
        let maxima = popularityMaxima.values
        if factorsMax > 0 { scoreFactors(0) }
        let factorScores = scratch.values
        let parts = candidates.indices.map { index in
            let item = candidates[index].item
            let weight = categories.weight(of: table.category(item))
            return CandidateParts(
                item: item, sequential: share(sequential[item], sequentialMax),
                neighbours: share(neighbours[item], neighboursMax),
                factors: share(factorScores[index], factorsMax),
                category: weight > 0 ? share(weight * activityShare(item), categories.best) : 0,
                popularity: maxima.indices.map {
                    share(Float(table.popularity.value(item, column: $0)), Float(maxima[$0]))
                })
        }
        sequential.clear()
        neighbours.clear()
        return parts
    }
}
