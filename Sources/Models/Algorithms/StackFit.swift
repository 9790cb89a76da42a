internal import Events
internal import Linear

/// Finds the mixture of an ensemble's members that ranks what was held out best.
struct StackFit {
    /// A user's candidates: what each member says, member after member, and whether the user touched them.
    private struct Case {
        var scores: [Float]
        var isWanted: [Bool]
        /// Of the best list that there could be.
        var ideal: Double
    }

    private let model: Ensemble.Model
    private var cases: [Case] = []
    /// Of each member.
    private static let candidates = 100
    private static let length = 20

    init(_ model: Ensemble.Model) { self.model = model }

    /// Adds a user with what was held out.
    mutating func add(_ user: UserHistory, wanted: [Int32]) {
        guard !wanted.isEmpty, !user.items.isEmpty else { return }
        let scores = model.memberScores(user)
        let own = Set(user.items)
        var candidates = Set<Int32>()
        for member in scores where !member.isEmpty {
            var top = TopN(capacity: Self.candidates)
            for item in member.indices where !own.contains(Int32(item)) {
                top.offer(member[item], index: Int32(item))
            }
            var list: [Scored] = []
            top.drain(into: &list)
            candidates.formUnion(list.map(\.index))
        }
        let items = candidates.sorted()
        let ideal = (0..<min(wanted.count, Self.length)).reduce(0.0) { $0 + Gain.at($1) }
        cases.append(
            Case(
                scores: scores.flatMap { member in items.map { member.isEmpty ? 0 : member[Int($0)] } },
                isWanted: items.map(wanted.contains), ideal: ideal))
    }

    /// The best of all mixtures in tenths, the first of equals; nil if cancelled. All members have an equal part where
    /// nothing was held out.
    func best(isCancelled: () -> Bool) -> [Float]? {
        var best = [Float](repeating: 1 / Float(Ensemble.members), count: Ensemble.members)
        var largest = 0.0
        let steps = Ensemble.steps
        for first in 0...steps {
            for second in 0...(steps - first) {
                if isCancelled() { return nil }
                let weights = [first, second, steps - first - second].map { Float($0) / Float(steps) }
                // A member that is not there has no part.
                guard zip(weights, model.hasMember).allSatisfy({ $0 == 0 || $1 }) else { continue }
                let value = cases.reduce(0.0) { $0 + ndcg($1, weights) }
                if value > largest { (best, largest) = (weights, value) }
            }
        }
        return best
    }

    private func ndcg(_ user: Case, _ weights: [Float]) -> Double {
        let count = user.isWanted.count
        var top = TopN(capacity: Self.length)
        user.scores.withUnsafeBufferPointer { scores in
            for place in 0..<count {
                var sum: Float = 0
                for member in 0..<Ensemble.members { sum += weights[member] * scores[member * count + place] }
                top.offer(sum, index: Int32(place))
            }
        }
        var list: [Scored] = []
        top.drain(into: &list)
        var gain = 0.0
        for (rank, scored) in list.enumerated() where user.isWanted[Int(scored.index)] { gain += Gain.at(rank) }
        return gain / user.ideal
    }
}
