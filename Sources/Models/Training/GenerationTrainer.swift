internal import Events
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

    /// Trains, warm where there is an earlier generation of the same shape: an item that it knew starts from its vector.
    ///
    /// Where `settings.isFitted`, the weights of the learners are fitted on what came since the earlier generation, which
    /// that one has not seen; for a first generation on the latest part of the histories, by one that is trained on the
    /// rest. The latter also chooses α₀ and λ and the share of likeness in the neighbours, again each time that the histories
    /// have doubled.
    ///
    /// - Parameters:
    ///   - blend: the weights to start from where there is no earlier generation.
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked often, from every thread.
    /// - Returns: the generation numbered one higher than the earlier one, or nil when it was cancelled.
    public func train(
        _ histories: TrainingHistories, earlier: Generation? = nil, blend: BlendSettings = BlendSettings(),
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Generation? {
        var plan = Plan(
            settings: settings, blend: earlier?.manifest.blend ?? blend, fits: earlier?.manifest.fits ?? 0)
        if let earlier {
            plan.settings.unobservedWeight = earlier.manifest.unobservedWeight
            plan.settings.regularization = earlier.manifest.regularization
            plan.settings.neighbours.likeness = earlier.manifest.likeness
        }
        if settings.isFitted, histories.count > 0 {
            adjust(
                &plan, histories, earlier: earlier, progress: { progress(0.3 * $0) }, isCancelled: isCancelled)
            if isCancelled() { return nil }
        }
        progress(0.3)
        let start = earlier.flatMap { Self.isWarm($0, plan.settings, items: histories.items.count) ? $0 : nil }
        return fit(
            histories, plan, from: start, number: (earlier?.number ?? 0) + 1, progress: { progress(0.3 + 0.7 * $0) },
            isCancelled: isCancelled)
    }

    /// What a training goes by.
    struct Plan {
        var settings: TrainingSettings
        var blend: BlendSettings
        /// How many stretches the blend was fitted on.
        var fits: Int
    }

    /// Pairs of α₀ and λ to choose among: for streams with few, some and many interactions an item.
    static let regularizations = [(0.05, 0.002), (0.1, 0.01), (0.2, 0.05)]
    /// The share of the histories' interactions that a first generation is fitted on.
    static let heldOutShare = 0.2
    /// How much better than the best pair so far, the present one first, another one has to be.
    static let regularizationGain = 1.02
    static let searchSweeps = 6
    /// The share of likeness in the neighbours, where it helps: on the REES46 head all from 0.6 to 1 do as well.
    static let likenessShare = 0.8

    private func adjust(
        _ plan: inout Plan, _ histories: TrainingHistories, earlier: Generation?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        // A doubling, told by the binary length of the count.
        let digits = Int.bitWidth - (earlier?.manifest.interactions ?? 0).leadingZeroBitCount
        let isSearched = earlier == nil || Int.bitWidth - histories.count.leadingZeroBitCount > digits
        // A replay of the earlier generation takes about as long as one of the search's trials.
        let searchedFrom = earlier == nil ? 0 : 0.2
        let replay = HeldOutReplay(histories, settings: settings)
        var fit: BlendFit?
        if let earlier {
            let cases = replay.cases(
                after: earlier.manifest.latestTime, generation: earlier, blend: plan.blend,
                progress: { progress((isSearched ? searchedFrom : 1) * $0) }, isCancelled: isCancelled)
            fit = BlendFit(cases)
        }
        if isSearched {
            var chosen = chooseRegularization(
                &plan, histories, replay, progress: { progress(searchedFrom + (0.9 - searchedFrom) * $0) },
                isCancelled: isCancelled)
            if let plain = chosen, let likeness = ItemLikeness(histories) {
                chosen = chooseLikeness(&plan, likeness, against: plain, replay, isCancelled: isCancelled)
            }
            if fit == nil { fit = chosen?.fit }
        }
        if let blend = fit?.fitted(from: plan.blend, fits: plan.fits) {
            plan.blend = blend
            plan.fits += 1
        }
    }

    /// Takes the pair of α₀ and λ whose factors alone rank the held-out interactions best.
    /// - Returns: the generation of the best pair, and the cases as it ranks them; nil where there are too few to choose by.
    private func chooseRegularization(
        _ plan: inout Plan, _ histories: TrainingHistories, _ replay: HeldOutReplay, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> HeldOut? {
        let boundary = histories.time(ofShare: 1 - Self.heldOutShare)
        let before = histories.until(boundary)
        guard before.count > 0, before.count < histories.count else { return nil }
        var best: (heldOut: HeldOut, quality: Double)?
        let present = (plan.settings.unobservedWeight, plan.settings.regularization)
        let pairs = [present] + Self.regularizations.filter { $0 != present }
        for (number, pair) in pairs.enumerated() {
            func tell(_ share: Double) { progress((Double(number) + share) / Double(pairs.count)) }
            var trial = plan
            (trial.settings.unobservedWeight, trial.settings.regularization) = pair
            trial.settings.firstSweeps = Self.searchSweeps
            guard
                let generation = fit(
                    before, trial, from: nil, number: 1, progress: { tell(0.5 * $0) }, isCancelled: isCancelled)
            else { return nil }
            let cases = replay.cases(
                after: boundary, generation: generation, blend: plan.blend, progress: { tell(0.5 + 0.5 * $0) },
                isCancelled: isCancelled)
            guard cases.count >= BlendFit.casesMin else { return nil }
            let fit = BlendFit(cases)
            let quality = fit.ndcgOfFactors(length: 20)
            if let best, quality <= best.quality * (pair == present ? 1 : Self.regularizationGain) { continue }
            best = (HeldOut(generation: generation, fit: fit, boundary: boundary), quality)
            (plan.settings.unobservedWeight, plan.settings.regularization) = pair
        }
        return best?.heldOut
    }

    /// A generation of what came until a boundary, and how it ranks what came after.
    private struct HeldOut {
        var generation: Generation
        var fit: BlendFit
        var boundary: Int64
    }

    /// Takes likeness into the neighbours where lists are better with it, and leaves it out where they are not.
    /// - Returns: what was chosen, and the cases as it ranks them; nil when cancelled.
    private func chooseLikeness(
        _ plan: inout Plan, _ likeness: ItemLikeness, against plain: HeldOut, _ replay: HeldOutReplay,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> HeldOut? {
        var present = plan.settings.neighbours
        let isMixed = present.likeness > 0
        present.likeness = isMixed ? 0 : Self.likenessShare
        let others = replay.histories.until(plain.boundary)
        guard
            let neighbours = neighbours(others, present, threads: plan.settings.threads, isCancelled: isCancelled)
        else { return nil }
        let generation = plain.generation.with(neighbours: neighbours)
        let cases = replay.cases(
            after: plain.boundary, generation: generation, blend: plan.blend, isCancelled: isCancelled)
        let fit = BlendFit(cases)
        func quality(_ fit: BlendFit) -> Double {
            fit.fitted(from: plan.blend, fits: 0).map { fit.ndcg(of: $0, length: 20) } ?? 0
        }
        guard quality(fit) > quality(plain.fit) else { return plain }
        plan.settings.neighbours.likeness = present.likeness
        return HeldOut(generation: generation, fit: fit, boundary: plain.boundary)
    }

    /// The neighbours of each item, likeness among them where the settings say so.
    private func neighbours(
        _ histories: TrainingHistories, _ settings: WindowNeighbours.Settings, threads: Int,
        progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool
    ) -> WindowNeighbours? {
        var settings = settings
        settings.perItem = settings.perItem(items: histories.items.count)
        let plain = WindowNeighbours(
            histories, settings: settings, threads: threads, progress: progress, isCancelled: isCancelled)
        guard settings.likeness > 0, let likeness = ItemLikeness(histories) else { return plain }
        return plain?.mixed(with: likeness, share: settings.likeness)
    }

    private static func isWarm(_ earlier: Generation, _ settings: TrainingSettings, items: Int) -> Bool {
        earlier.factors.columns == settings.factors(items: items)
            && earlier.manifest.unobservedWeight == settings.unobservedWeight
            && earlier.manifest.regularization == settings.regularization
    }

    private func fit(
        _ histories: TrainingHistories, _ plan: Plan, from earlier: Generation?, number: Int,
        progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) -> Generation? {
        guard
            let neighbours = neighbours(
                histories, plan.settings.neighbours, threads: plan.settings.threads,
                progress: { progress(0.1 * $0) }, isCancelled: isCancelled)
        else { return nil }
        progress(0.1)
        guard
            let factors = factors(
                histories, plan.settings, from: earlier, progress: { progress(0.1 + 0.85 * $0) },
                isCancelled: isCancelled)
        else { return nil }
        let generation = Generation(
            number: number, manifest: manifest(histories, plan), items: histories.items, factors: factors,
            neighbours: neighbours.neighbours, neighbourWeights: neighbours.weights,
            neighboursPerItem: neighbours.perItem)
        progress(1)
        return generation
    }

    private func factors(
        _ histories: TrainingHistories, _ settings: TrainingSettings, from earlier: Generation?,
        progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
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
        model.sweeps = earlier == nil ? settings.firstSweeps : settings.warmSweeps
        let start = earlier.map { Factors(users: nil, items: Self.warmItems(histories.items, $0)) }
        return model.train(histories.interactions, from: start, progress: progress, isCancelled: isCancelled)?.items
    }

    /// The vectors of an earlier generation by the rows of the new one. An item that is new starts at zero, and gets its
    /// vector from its users' in the first sweep: a start at random would disturb those that its users have by then.
    static func warmItems(_ items: [String], _ earlier: Generation) -> Matrix {
        // By their bytes: equal strings may be spelled in two ways, and are two items then.
        let known = IdentifierTable(capacity: earlier.items.count)
        for item in earlier.items { _ = known.intern(item) }
        return earlier.factors.taking(items.map { known.find($0).map(Int32.init) ?? -1 })
    }

    private func manifest(_ histories: TrainingHistories, _ plan: Plan) -> GenerationManifest {
        let settings = plan.settings
        var manifest = GenerationManifest()
        manifest.alpha = settings.alpha
        manifest.unobservedWeight = settings.unobservedWeight
        manifest.likeness = settings.neighbours.likeness
        manifest.regularization = settings.regularization
        manifest.regularizationExponent = settings.regularizationExponent
        manifest.settings = settings.manifestSettings
        manifest.blend = plan.blend
        manifest.fits = plan.fits
        manifest.users = histories.userCount
        manifest.interactions = histories.count
        manifest.latestTime = histories.latestTime
        manifest.seed = settings.seed
        return manifest
    }
}
