internal import Linear

/// How a generation is made, so that it can be made again from other histories.
public enum GenerationRecipe: Sendable {
    /// The service's own trainer.
    case blend(TrainingSettings)
    /// An algorithm of the catalogue, with its own seed and threads.
    case recommender(any Recommender, TrainingSettings)

    /// What the manifest calls it.
    public var model: String {
        switch self {
        case .blend: GenerationManifest.blendModel
        case .recommender(let recommender, _): type(of: recommender).name
        }
    }

    /// Whether what it makes is of the same algorithm with the same settings as another generation.
    func isOfOneRecipe(with other: GenerationManifest) -> Bool {
        var manifest = GenerationManifest()
        manifest.model = model
        switch self {
        case .blend(let settings): manifest.settings = settings.manifestSettings
        case .recommender(let recommender, _): manifest.settings = recommender.manifestSettings
        }
        return manifest.isOfOneRecipe(with: other)
    }

    /// Why these histories cannot be trained on, or nil.
    public func refusal(_ histories: TrainingHistories) -> String? {
        guard histories.count > 0 else { return "there are no interactions to learn from" }
        return switch self {
        case .blend: nil
        case .recommender(let recommender, _): recommender.refusal(items: histories.items.count)
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
                histories, earlier: earlier, blend: blend, progress: progress, isCancelled: isCancelled)
        }
    }

    /// A generation as it would have been with histories until an earlier time: trained by its own recipe and settings from
    /// nothing, its weights fitted on those histories too. It stands in for one that has seen what it is to be judged on.
    ///
    /// - Parameter blend: the weights to start from.
    /// - Returns: nil for factors from outside, for an algorithm that is not in the catalogue, and when cancelled.
    static func standIn(
        for generation: Generation, _ histories: TrainingHistories, settings: TrainingSettings, blend: BlendSettings,
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        let manifest = generation.manifest
        var settings = settings
        if manifest.model == GenerationManifest.blendModel {
            settings.seed = manifest.seed
            settings.factors = generation.factors.columns
            settings.alpha = manifest.alpha
            settings.unobservedWeight = manifest.unobservedWeight
            settings.regularization = manifest.regularization
            settings.regularizationExponent = manifest.regularizationExponent
            settings.neighbours.likeness = manifest.likeness
            settings.take(manifest.settings)
            return GenerationTrainer(settings: settings).train(
                histories, blend: blend, progress: progress, isCancelled: isCancelled)?.with(number: generation.number)
        }
        guard let type = RecommenderCatalogue.find(manifest.model) else { return nil }
        var recommender: any Recommender = type.init()
        recommender.seed = manifest.seed
        recommender.threads = settings.threads
        for setting in manifest.settings {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, (try? recommender.set(parts[0], to: parts[1])) != nil else { return nil }
        }
        return RecommenderTraining(recommender: recommender, settings: settings).generation(
            histories, blend: blend, progress: progress, isCancelled: isCancelled)?
            .with(number: generation.number)
    }
}
