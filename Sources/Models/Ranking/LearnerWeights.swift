internal import Events

/// What each learner weighs for one user: the blend's weights at the user's support. No learner counts against its own
/// recommendations by its share; its root and popularity may.
struct LearnerWeights {
    /// What one learner's share and its square root weigh.
    struct Weight {
        var share: Double
        var root: Double

        /// Whether the learner says anything.
        var counts: Bool { share != 0 || root != 0 }

        /// What a score weighs whose largest one this is.
        func units(_ largest: Float) -> Units {
            guard largest > 0 else { return Units(share: 0, root: 0) }
            return Units(share: Float(share) / largest, root: Float(root) / largest.squareRoot())
        }
    }

    /// The same for scores, before they are divided by the largest one.
    struct Units {
        let share: Float
        let root: Float

        @inline(__always)
        func callAsFunction(_ score: Float) -> Float { score * share + max(0, score).squareRoot() * root }
    }

    let sequential: Weight
    let neighbours: Weight
    let factors: Weight
    let category: Weight
    let popularity: Double
    /// Of the fourth root.
    let popularityRoot: Double

    /// - Parameter count: the user's items.
    init(_ blend: BlendSettings, items count: Int) {
        let support = BlendSettings.support(items: count)
        func weight(_ weight: Double, _ slope: Double, _ root: Double) -> Weight {
            Weight(share: max(0, weight + slope * support), root: root)
        }
        sequential = weight(blend.sequential.weight, blend.sequential.slope, blend.sequential.rootWeight)
        neighbours = weight(blend.neighbours.weight, blend.neighbours.slope, blend.neighbours.rootWeight)
        factors = weight(blend.factors.weight, blend.factors.slope, blend.factors.rootWeight)
        category = weight(blend.category.weight, blend.category.slope, blend.category.rootWeight)
        let thinning = Deterministic.pow(1 + Double(count), -blend.popularity.exponent)
        popularity = (blend.popularity.weight + blend.popularity.slope * support) * thinning
        popularityRoot = blend.popularity.rootWeight + blend.popularity.rootSlope * support
    }
}
