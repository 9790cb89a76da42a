/// Trains a candidate and decides whether it takes the serving generation's place.
///
/// **Fairness.** Neither side is judged on what it was trained on, and both stand still while they are judged:
///
/// - The judged stretch is the later half of what came after the serving generation's training. The candidate that is
///   judged is trained, weights of the learners included, on what came before that stretch; the serving one is judged as
///   it is. Only a candidate that is promoted is then trained again on everything, by the same recipe: the decision
///   is about the recipe on fresh data, and costs one more training of the warm kind.
/// - Where too little came after it (a training by hand beside an idle stream, or the events of a few users only), the stretch is the latest tenth of
///   the histories, and the serving generation is stood in for by one that its own recipe makes from what came before. A
///   candidate of that same recipe would then be compared with itself: it is promoted as a renewal, without figures. One
///   that is trained on less than the serving generation was is refused then, since no figures could speak for it.
/// - Factors from outside cannot be trained again: they are judged on what came after the time that they are said to
///   include, and one that serves and has seen the stretch is not compared with.
///
/// The rule of promotion is `GenerationDecision`'s.
public struct GenerationTrial: Sendable {
    /// Of the replay and of stand-ins.
    public var settings: TrainingSettings
    /// The weights without a generation.
    public var blend: BlendSettings

    public init(settings: TrainingSettings, blend: BlendSettings) {
        self.settings = settings
        self.blend = blend
    }

    /// A generation and what was decided about it; numbers and content are for the publisher to set.
    public typealias Outcome = (generation: Generation, decision: GenerationDecision)

    /// Trains by a recipe and decides.
    ///
    /// - Parameters:
    ///   - serving: the generation that lists are ranked with, nil for none.
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked often, from every thread.
    /// - Returns: the promoted generation, trained on everything, or the refused one as it was judged; nil if cancelled.
    public func run(
        _ recipe: GenerationRecipe, _ histories: TrainingHistories, serving: Generation?,
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Outcome? {
        let warm = serving.flatMap { $0.manifest.model == recipe.model ? $0 : nil }
        guard let serving else {
            let first = recipe.train(
                histories, earlier: nil, blend: blend, progress: progress, isCancelled: isCancelled)
            return first.map { ($0, GenerationDecision(nil, candidate: $0, serving: nil)) }
        }
        let boundary = Self.boundary(histories, serving: serving)
        let before = histories.until(boundary)
        let isFresh = serving.manifest.latestTime <= boundary
        let extent = TrainingExtent(histories)
        if !isFresh, recipe.isOfOneRecipe(with: serving.manifest) || !extent.covers(TrainingExtent(serving)) {
            let untold = recipe.train(
                histories, earlier: warm, blend: blend, progress: progress, isCancelled: isCancelled)
            return untold.map { ($0, GenerationDecision(nil, candidate: $0, serving: serving)) }
        }
        guard
            let judged = recipe.train(
                before, earlier: isFresh ? warm : nil, blend: blend, progress: { progress(0.45 * $0) },
                isCancelled: isCancelled)
        else { return nil }
        let comparison = compare(
            judged, serving, histories, after: boundary, progress: { progress(0.45 + 0.1 * $0) },
            isCancelled: isCancelled)
        if isCancelled() { return nil }
        var decision = GenerationDecision(comparison, candidate: judged, trainedOn: extent, serving: serving)
        guard decision.isPromoted else { return (judged, decision) }
        guard
            let whole = recipe.train(
                histories, earlier: warm, blend: blend, progress: { progress(0.55 + 0.45 * $0) },
                isCancelled: isCancelled)
        else { return nil }
        decision.latestTime = whole.manifest.latestTime
        decision.comparison?.standIns?.candidate = true
        return (whole, decision)
    }

    /// Judges a generation from outside, on what came after its own training and, where that can be, after the
    /// serving one's; where none serves, against the lists without one.
    public func judge(
        _ candidate: Generation, _ histories: TrainingHistories, serving: Generation?,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> GenerationDecision {
        let later = max(candidate.manifest.latestTime, serving?.manifest.latestTime ?? .min)
        let isEnough = Self.isEnough(histories, after: later)
        let comparison = compare(
            candidate, serving, histories, after: isEnough ? later : candidate.manifest.latestTime,
            isCancelled: isCancelled)
        return GenerationDecision(comparison, candidate: candidate, serving: serving, isFromOutside: true)
    }

    /// Compares two generations on what came after a time, each one that has seen it by its stand-in.
    /// - Parameter second: nil for the lists without a generation.
    /// - Returns: nil where one has seen it and cannot be trained again, or when cancelled.
    public func compare(
        _ first: Generation, _ second: Generation?, _ histories: TrainingHistories, after boundary: Int64,
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> GenerationComparison? {
        let before = histories.until(boundary)
        var done = 0.0
        func frozen(_ generation: Generation) -> Generation? {
            generation.manifest.latestTime <= boundary
                ? generation
                : GenerationRecipe.standIn(
                    for: generation, before, settings: settings, blend: blend,
                    progress: { progress(done + 0.25 * $0) }, isCancelled: isCancelled)
        }
        let one = frozen(first)
        done = 0.25
        let other = second.flatMap(frozen)
        guard let one, second == nil || other != nil, !isCancelled() else { return nil }
        var comparison = HeldOutReplay(histories, settings: settings).compare(
            one, with: other, after: boundary, blend: blend, progress: { progress(0.5 + 0.5 * $0) },
            isCancelled: isCancelled)
        comparison.standIns = .init(candidate: one !== first, serving: other !== second)
        progress(1)
        return isCancelled() ? nil : comparison
    }
}
