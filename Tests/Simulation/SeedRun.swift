import Foundation
import Synchronization

/// Many seeds, on as many threads as there are cores: a seed's run depends on nothing but the seed.
final class SeedRun: Sendable {
    struct Failure: Sendable {
        var seed: UInt64
        var violation: String
    }

    private struct State {
        var next: UInt64
        var done: UInt64 = 0
        var failures: [Failure] = []
        var total = Simulation.Counts()
        var shownAt = Date()
    }

    /// After so many failures there is enough to look at.
    private static let failuresMax = 20
    private let seeds: Range<UInt64>
    private let showsProgress: Bool
    private let simulate: @Sendable (UInt64) -> (violations: [String], counts: Simulation.Counts)
    private let state: Mutex<State>
    private let began = Date()

    init(
        _ seeds: Range<UInt64>, showsProgress: Bool,
        simulate: @escaping @Sendable (UInt64) -> (violations: [String], counts: Simulation.Counts)
    ) {
        self.seeds = seeds
        self.showsProgress = showsProgress
        self.simulate = simulate
        state = Mutex(State(next: seeds.lowerBound))
    }

    /// The first violation of each seed that has one, in the order of the seeds.
    var failures: [Failure] { state.withLock { $0.failures.sorted { $0.seed < $1.seed } } }

    var summary: String {
        let (done, failed, total) = state.withLock { ($0.done, $0.failures.count, $0.total) }
        return "\(done) of \(seeds.count) seeds, \(failed) failed: \(total)"
    }

    /// Returns when all seeds have run, or enough have failed.
    func run() {
        let finished = DispatchGroup()
        for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
            finished.enter()
            let thread = Thread { [self] in
                work()
                finished.leave()
            }
            // An instance that stands still steps the others within its own call.
            thread.stackSize = 16 << 20
            thread.start()
        }
        finished.wait()
    }

    private func work() {
        while let seed = take() {
            let (violations, counts) = simulate(seed)
            note(seed, violations.first, counts)
        }
    }

    private func take() -> UInt64? {
        state.withLock { state in
            guard state.next < seeds.upperBound, state.failures.count < Self.failuresMax else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func note(_ seed: UInt64, _ violation: String?, _ counts: Simulation.Counts) {
        let line: String? = state.withLock { state in
            state.done += 1
            state.total.add(counts)
            if let violation { state.failures.append(Failure(seed: seed, violation: violation)) }
            let now = Date()
            guard showsProgress, violation != nil || now.timeIntervalSince(state.shownAt) >= 10 else { return nil }
            state.shownAt = now
            let rate = Double(state.done) / max(now.timeIntervalSince(began), 0.001)
            let left = Int(Double(UInt64(seeds.count) - state.done) / max(rate, 0.001))
            return "\(state.done) of \(seeds.count) seeds, \(state.failures.count) failed, \(Int(rate)) a second, "
                + "\(left) s left" + (violation.map { "; seed \(seed): \($0)" } ?? "")
        }
        // At once, whatever buffers what is printed.
        if let line { FileHandle.standardError.write(Data((line + "\n").utf8)) }
    }
}
