internal import Dispatch
internal import Evaluation
internal import Foundation
internal import ServiceKit
internal import Synchronization

/// Runs a search's trials, several at once, and keeps them in its store.
struct TuneRun {
    let search: Search
    let store: TrialStore
    /// How many trials run at once.
    let jobs: Int
    /// Whether to stop; trials that are under way are given up.
    let stop: Latch
    /// Tries settings; nil when it was interrupted.
    let evaluate: @Sendable (TrialPlan) -> Trial?

    /// All trials, also those of earlier runs, by number.
    /// - Parameter progress: told how many there are, on any thread.
    func run(progress: @escaping @Sendable (Int) -> Void) throws -> [Trial] {
        var done = try store.trials()
        var batch = 0
        while !stop.isSet {
            let plans = search.plans(batch: batch, after: done)
            if plans.isEmpty { break }
            let known = Set(done.map(\.plan.number))
            done += try finish(plans.filter { !known.contains($0.number) }, before: done.count, progress)
            batch += 1
        }
        return done.sorted { $0.plan.number < $1.plan.number }
    }

    private func finish(
        _ plans: [TrialPlan], before: Int, _ progress: @escaping @Sendable (Int) -> Void
    ) throws -> [Trial] {
        let next = Atomic(0)
        let finished = Mutex<(trials: [Trial], failure: (any Error)?)>(([], nil))
        DispatchQueue.concurrentPerform(iterations: min(jobs, max(plans.count, 1))) { _ in
            while !stop.isSet {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < plans.count, let trial = evaluate(plans[place]) else { return }
                let failure = Result { try store.add(trial) }
                let count = finished.withLock { state in
                    state.trials.append(trial)
                    if case .failure(let error) = failure { state.failure = error }
                    return state.trials.count
                }
                progress(before + count)
            }
        }
        return try finished.withLock { state in
            if let failure = state.failure { throw failure }
            return state.trials
        }
    }
}
