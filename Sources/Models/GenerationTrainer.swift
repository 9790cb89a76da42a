internal import Linear

/// Makes a generation from users' histories: item factors by implicit ALS on the whole histories, without the short
/// memory of the serving vector, and the neighbours of each item.
///
/// The result depends on the histories, the settings and the earlier generation only, not on threads or machine.
public struct GenerationTrainer: Sendable {
    public let settings: TrainingSettings

    public init(settings: TrainingSettings = TrainingSettings()) {
        self.settings = settings
    }

    /// Trains, warm where there is an earlier generation of the same number of factors: an item that it knew starts from
    /// its vector, another one as in a first fit.
    ///
    /// - Parameters:
    ///   - blend: how the learners are weighed with the new generation.
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked often, from every thread.
    /// - Returns: the generation numbered one higher than the earlier one, or nil when it was cancelled.
    public func train(
        _ histories: TrainingHistories, earlier: Generation? = nil, blend: BlendSettings = BlendSettings(),
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Generation? {
        let neighbours = ItemNeighbours(
            histories, settings: settings.neighbours, threads: settings.threads, isCancelled: isCancelled)
        guard let neighbours else { return nil }
        progress(0.05)
        guard
            let factors = factors(
                histories, earlier: earlier, progress: { progress(0.05 + 0.9 * $0) }, isCancelled: isCancelled)
        else { return nil }
        let generation = Generation(
            number: (earlier?.number ?? 0) + 1, manifest: manifest(histories, blend), items: histories.items,
            factors: factors, neighbours: neighbours.neighbours, neighbourWeights: neighbours.weights,
            neighboursPerItem: neighbours.perItem)
        progress(1)
        return generation
    }

    private func factors(
        _ histories: TrainingHistories, earlier: Generation?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Matrix? {
        var model = ImplicitALS()
        model.factors = settings.factors(items: histories.items.count)
        model.alpha = Float(settings.alpha)
        model.unobservedWeight = Float(settings.unobservedWeight)
        model.regularization = Float(settings.regularization)
        model.frequencyExponent = Float(settings.regularizationExponent)
        model.solver = .cholesky
        model.seed = settings.seed
        model.threads = settings.threads
        guard !histories.rows.isEmpty else { return Matrix(rows: histories.items.count, columns: model.factors) }
        var start: Factors?
        if let earlier, earlier.factors.columns == model.factors {
            model.sweeps = settings.warmSweeps
            start = Factors(users: nil, items: warmItems(histories.items, earlier))
        } else {
            model.sweeps = settings.firstSweeps
        }
        let interactions = Interactions(
            rows: histories.userCount, columns: histories.items.count, pairs: pairs(histories), merge: .max)
        return model.train(interactions, from: start, progress: progress, isCancelled: isCancelled)?.items
    }

    /// The vectors of an earlier generation by the rows of the new one. An item that is new starts at zero, and gets its
    /// vector from its users' in the first sweep.
    private func warmItems(_ items: [String], _ earlier: Generation) -> Matrix {
        var rows: [String: Int] = [:]
        for (row, item) in earlier.items.enumerated() { rows[item] = row }
        var matrix = Matrix(rows: items.count, columns: earlier.factors.columns)
        let stride = matrix.stride
        matrix.withUnsafeMutableBase { base in
            for (row, item) in items.enumerated() {
                guard let before = rows[item] else { continue }
                (base + row * stride).update(from: earlier.factors.row(before), count: stride)
            }
        }
        return matrix
    }

    private func pairs(_ histories: TrainingHistories) -> [(row: Int32, column: Int32, weight: Float)] {
        var pairs: [(row: Int32, column: Int32, weight: Float)] = []
        pairs.reserveCapacity(histories.count)
        for user in 0..<histories.userCount {
            for place in histories.starts[user]..<histories.starts[user + 1] where histories.ratings[place] > 0 {
                pairs.append((Int32(user), histories.rows[place], histories.ratings[place]))
            }
        }
        return pairs
    }

    private func manifest(_ histories: TrainingHistories, _ blend: BlendSettings) -> GenerationManifest {
        var manifest = GenerationManifest()
        manifest.alpha = settings.alpha
        manifest.unobservedWeight = settings.unobservedWeight
        manifest.regularization = settings.regularization
        manifest.regularizationExponent = settings.regularizationExponent
        manifest.blend = blend
        manifest.users = histories.userCount
        manifest.interactions = histories.count
        manifest.latestTime = histories.latestTime
        manifest.seed = settings.seed
        return manifest
    }
}
