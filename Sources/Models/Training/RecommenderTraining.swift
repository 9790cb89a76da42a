internal import Linear

/// Makes a generation of any algorithm of the catalogue: what its model serves, and the weights of the learners beside it.
///
/// The weights are fitted as for a first generation (`BlendFit`): on the latest fifth of the histories, by a model that is
/// trained on the rest. Learners that the model does not serve have no weight.
///
/// The model that is served starts from that of the last generation, where it is of the same algorithm and the generation keeps
/// it: all with item factors do. The one that the weights are fitted with starts from nothing, since the last generation has
/// seen what they are fitted on.
struct RecommenderTraining {
    let recommender: any Recommender
    let settings: TrainingSettings

    /// - Parameters:
    ///   - earlier: a generation to start from, or nil.
    ///   - blend: the weights to start from.
    func generation(
        _ histories: TrainingHistories, earlier: Generation? = nil, blend: BlendSettings, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        generation(recommender, histories, earlier, blend: blend, progress: progress, isCancelled: isCancelled)
    }

    private func generation<R: Recommender>(
        _ recommender: R, _ histories: TrainingHistories, _ earlier: Generation?, blend: BlendSettings,
        progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        var manifest = GenerationManifest()
        manifest.model = R.name
        manifest.settings = recommender.manifestSettings
        manifest.seed = recommender.seed
        manifest.blend = blend
        var done = 0.0
        if settings.isFitted {
            let boundary = histories.time(ofShare: 1 - GenerationTrainer.heldOutShare)
            let trial = fit(
                recommender, histories.until(boundary), from: nil, manifest, keepsBlend: false,
                progress: { progress(0.45 * $0) }, isCancelled: isCancelled)
            guard let trial else { return nil }
            let cases = HeldOutReplay(histories, settings: settings).cases(
                after: boundary, generation: trial, blend: trial.manifest.blend,
                progress: { progress(0.45 + 0.05 * $0) }, isCancelled: isCancelled)
            let fitted = BlendFit(cases).fitted(from: trial.manifest.blend, fits: 0)
            manifest.blend = fitted ?? trial.manifest.blend
            manifest.fits = fitted == nil ? 0 : 1
            if isCancelled() { return nil }
            done = 0.5
        }
        return fit(
            recommender, histories, from: earlier, manifest, keepsBlend: settings.isFitted,
            progress: { progress(done + (1 - done) * $0) },
            isCancelled: isCancelled)
    }

    private func fit<R: Recommender>(
        _ recommender: R, _ histories: TrainingHistories, from earlier: Generation?, _ manifest: GenerationManifest,
        keepsBlend: Bool, progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        let start: EarlierModel<R.Model>? = earlier?.model(of: R.self, items: histories.items)
        let model = recommender.fit(histories, from: start, progress: progress, isCancelled: isCancelled)
        // Nothing can be served of it: scores that are no numbers have no order.
        if let model, R.refusal(of: model) != nil { return nil }
        let width = settings.neighbours.perItem(items: histories.items.count)
        guard
            let parts = model?.served(neighbours: width, threads: recommender.threads, isCancelled: isCancelled)
        else { return nil }
        var manifest = manifest
        manifest.users = histories.userCount
        manifest.interactions = histories.count
        manifest.latestTime = histories.latestTime
        return Generation(parts, items: histories.items, manifest: manifest, keepsBlend: keepsBlend)
    }
}

extension Generation {
    /// The model of an algorithm that this generation is of, for another to start from; nil where it is of another one, or
    /// keeps no model.
    /// - Parameter items: those that the other one is to be fitted on.
    func model<R: Recommender>(of _: R.Type, items: [String]) -> EarlierModel<R.Model>? {
        guard manifest.model == R.name else { return nil }
        let model: any RecommenderModel
        if let foldIn {
            model = foldIn
        } else {
            var projection = FactorModel.Projection()
            projection.alpha = Float(manifest.alpha)
            projection.unobservedWeight = Float(manifest.unobservedWeight)
            projection.regularization = Float(manifest.regularization)
            projection.frequencyExponent = Float(manifest.regularizationExponent)
            model = FactorModel(items: factors, projection: projection)
        }
        guard let model = model as? R.Model else { return nil }
        let rows = Dictionary(zip(self.items, Int32(0)...), uniquingKeysWith: { first, _ in first })
        return EarlierModel(model, rows: items.map { rows[$0] ?? -1 })
    }

    /// What a model serves as a generation, numbered 1.
    /// - Parameter keepsBlend: whether the manifest's weights are right for these parts. If not, learners that are not
    ///   served get no weight.
    public convenience init(
        _ parts: ServedParts, items: [String], manifest: GenerationManifest, keepsBlend: Bool
    ) {
        var manifest = manifest
        if case .leastSquares(let projection) = parts.factors?.foldIn {
            manifest.alpha = Double(projection.alpha)
            manifest.unobservedWeight = Double(projection.unobservedWeight)
            manifest.regularization = Double(projection.regularization)
            manifest.regularizationExponent = Double(projection.frequencyExponent)
        }
        if !keepsBlend {
            if parts.factors == nil { manifest.blend.factors.weight = 0 }
            if parts.neighbours == nil { manifest.blend.neighbours.weight = 0 }
        }
        self.init(
            number: 1, manifest: manifest, items: items,
            factors: parts.factors?.items ?? Matrix(rows: items.count, columns: 1), foldIn: parts.foldingModel,
            neighbours: parts.neighbours?.indices ?? [], neighbourWeights: parts.neighbours?.weights ?? [],
            neighboursPerItem: parts.neighbours?.width ?? 0)
    }
}
