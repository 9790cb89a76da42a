internal import Events

/// What each learner weighs for one user: the blend's weights at the user's support. No learner counts against its own
/// recommendations; popularity may.
struct LearnerWeights {
    let sequential: Double
    let neighbours: Double
    let factors: Double
    let category: Double
    let popularity: Double
    let popularityRoot: Double

    /// - Parameter count: the user's items.
    init(_ blend: BlendSettings, items count: Int) {
        let support = BlendSettings.support(items: count)
        sequential = max(0, blend.sequential.weight + blend.sequential.slope * support)
        neighbours = max(0, blend.neighbours.weight + blend.neighbours.slope * support)
        factors = max(0, blend.factors.weight + blend.factors.slope * support)
        category = max(0, blend.category.weight + blend.category.slope * support)
        let thinning = Deterministic.pow(1 + Double(count), -blend.popularity.exponent)
        popularity = (blend.popularity.weight + blend.popularity.slope * support) * thinning
        popularityRoot = blend.popularity.rootWeight + blend.popularity.rootSlope * support
    }
}
