internal import Linear

/// How a generation is made, so that it can be made again from other histories.
public enum GenerationRecipe: Sendable {
    /// The service's own trainer.
    case blend(TrainingSettings)
    /// An algorithm of the catalogue.
    case recommender(any Recommender, TrainingSettings)

    /// What the manifest calls it.
    public var model: String {
        switch self {
        case .blend: GenerationManifest.blendModel
        case .recommender(let recommender, _): type(of: recommender).name
        }
    }

    /// Why these histories cannot be trained on, or nil.
    public func refusal(_ histories: TrainingHistories) -> String? {
        switch self {
        case .blend: nil
        case .recommender(let recommender, _): recommender.refusal(histories)
        }
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - earlier: a generation of the same kind to start from, or nil.
    ///   - blend: where there is none, the weights to start from.
    /// - Returns: a generation whose number is to be set, or nil when it was cancelled.
    public func train(
        _ histories: TrainingHistories, earlier: Generation?, blend: BlendSettings,
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Generation? {
        switch self {
        case .blend(let settings):
            return GenerationTrainer(settings: settings).train(
                histories, earlier: earlier, blend: blend, progress: progress, isCancelled: isCancelled)
        case .recommender(let recommender, let settings):
            return RecommenderTraining(recommender: recommender, settings: settings).generation(
                histories, blend: nil, progress: progress, isCancelled: isCancelled)
        }
    }

    /// A generation as it would have been with histories until an earlier time: trained by its own recipe, settings and
    /// weights, from nothing. It stands in for one that has seen what it is to be judged on.
    ///
    /// - Returns: nil for factors from outside, for an algorithm that is not in the catalogue, and when cancelled.
    static func standIn(
        for generation: Generation, _ histories: TrainingHistories, settings: TrainingSettings,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        let manifest = generation.manifest
        var settings = settings
        if manifest.model == GenerationManifest.blendModel {
            settings.isFitted = false
            settings.factors = generation.factors.columns
            settings.alpha = manifest.alpha
            settings.unobservedWeight = manifest.unobservedWeight
            settings.regularization = manifest.regularization
            settings.regularizationExponent = manifest.regularizationExponent
            return GenerationTrainer(settings: settings).train(
                histories, blend: manifest.blend, isCancelled: isCancelled)?.with(number: generation.number)
        }
        guard let type = RecommenderCatalogue.find(manifest.model) else { return nil }
        var recommender: any Recommender = type.init()
        for setting in manifest.settings {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, (try? recommender.set(parts[0], to: parts[1])) != nil else { return nil }
        }
        return RecommenderTraining(recommender: recommender, settings: settings).generation(
            histories, blend: manifest.blend, progress: { _ in }, isCancelled: isCancelled)?
            .with(number: generation.number)
    }
}
