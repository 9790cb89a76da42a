internal import Dispatch
internal import Evaluation
internal import Models
internal import ServiceKit

/// Tries settings of one algorithm on splits. What it reads is not written while trials run, so threads may share it.
struct TrialEvaluation: @unchecked Sendable {
    let type: any Recommender.Type
    /// Settings that all trials have.
    let fixed: [(name: String, value: String)]
    /// Each fold is made when it is come to: all at once would be the stream as often.
    let splits: OfflineSplits
    let objectives: [Objective]
    let threads: Int
    let length: Int
    /// How long a trial may take, in seconds; nil for as long as it wants.
    let secondsMax: Double?
    let stop: Latch

    /// Nil when the search was stopped; a trial without values when it took too long, was refused, diverged, or after some
    /// folds was below what its plan asks for.
    func run(_ plan: TrialPlan) -> Trial? {
        let start = DispatchTime.now().uptimeNanoseconds
        let seconds: @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 }
        let isLate: @Sendable () -> Bool = { secondsMax.map { seconds() > $0 } ?? false }
        guard let recommender = try? recommender(plan) else {
            return Trial(plan: plan, values: nil, seconds: 0, ending: .refused)
        }
        let share = type.effortNames.isEmpty ? plan.budget : 1
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(recommender)
        evaluation.length = length
        var folds: [Double] = []
        var isBelow = false
        let result = evaluation.run(
            splits.map { $0.keeping(share: share) }, progress: { _ in }, isCancelled: { stop.isSet || isLate() }
        ) { fold, result in
            guard case .measure(let measure) = objectives[0], objectives.count == 1 else { return true }
            folds.append(result.metrics[measure])
            isBelow = plan.medians.count >= fold && result.metrics[measure] < plan.medians[fold - 1]
            return !isBelow
        }
        if stop.isSet { return nil }
        func ended(_ ending: TrialEnding) -> Trial {
            Trial(plan: plan, values: nil, seconds: seconds(), folds: folds, ending: ending)
        }
        guard let result else { return ended(isLate() ? .late : .refused) }
        if result.refusal != nil { return ended(.diverged) }
        if isBelow { return ended(.belowMedian) }
        let values = objectives.map { objective -> Double in
            switch objective {
            case .measure(let measure): result.metrics[measure]
            case .seconds: seconds()
            }
        }
        return Trial(plan: plan, values: values, seconds: seconds(), folds: folds)
    }

    /// Why the algorithm cannot take such data, with the settings that all trials have or those of one; or nil.
    func refusal(_ plan: TrialPlan? = nil) throws -> String? {
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(try plan.map(recommender) ?? ModelChoice.recommender(type, fixed))
        return evaluation.refusal(splits)
    }

    /// The algorithm with a plan's settings, and as much of its passes as the plan's budget allows.
    func recommender(_ plan: TrialPlan) throws -> any Recommender {
        let searched = plan.settings.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        var recommender = try ModelChoice.recommender(type, fixed + searched)
        recommender.threads = threads
        if plan.budget < 1 { Self.reduce(&recommender, to: plan.budget) }
        return recommender
    }

    private static func reduce(_ recommender: inout any Recommender, to share: Double) {
        func reduced<R: Recommender>(_ recommender: R) -> R {
            var recommender = recommender
            for parameter in R.parameters where R.effortNames.contains(parameter.name) {
                let passes = parameter.get(recommender)
                parameter.set(&recommender, min(passes, max(1, (passes * share).rounded())))
            }
            return recommender
        }
        recommender = reduced(recommender)
    }
}

extension Recommender {
    /// What a smaller budget is a share of: the settings that count passes over the data; none for an algorithm without,
    /// which gets a share of the users.
    static var effortNames: Set<String> {
        Set(parameters.map(\.name)).intersection(["sweeps", "epochs", "pretraining-epochs"])
    }
}
