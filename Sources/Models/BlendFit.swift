internal import Linear

/// Fits the learners' weights to held-out cases: a conditional logit (McFadden 1974), in which the user takes candidate i
/// with a probability of e^(w·x_i) among the candidates, x_i being the learners' shares. Its likelihood has one maximum,
/// which Newton's method finds.
///
/// The earlier weights are the prior: with the information of as many stretches like the present one as have been fitted
/// (at most `memory`), and with a ridge, so that where support is thin weights stay what they were.
struct BlendFit {
    /// Stretches that the earlier weights stand for, at most.
    static let memory = 9
    /// The ridge: how many nats the square of a weight's move costs, twice.
    static let ridge = 3.0
    /// How much the log-likelihood has to gain before another half-life of popularity is taken.
    static let columnGain = 3.0
    /// Fewer cases than these change nothing.
    static let casesMin = 30

    /// Sequential, neighbours, factors, category, popularity.
    private static let width = 5

    private let cases: [HeldOutReplay.Case]

    init(_ cases: [HeldOutReplay.Case]) { self.cases = cases }

    /// The fitted blend.
    /// - Parameter fits: how many stretches the earlier blend was fitted on.
    func fitted(from earlier: BlendSettings, fits: Int) -> BlendSettings {
        guard cases.count >= Self.casesMin, let columns = cases.first?.candidates.first?.popularity.count else {
            return earlier
        }
        // A fitted popularity weight does not depend on the length of the history.
        let hasPopularity = earlier.popularity.exponent == 0
        let prior = [
            earlier.sequential.weight, earlier.neighbours.weight, earlier.factors.weight, earlier.category.weight,
            hasPopularity ? earlier.popularity.weight : 0,
        ]
        var best: (column: Int, weights: [Double], likelihood: Double)?
        let start = min(earlier.popularity.column, columns - 1)
        for column in [start] + (0..<columns).filter({ $0 != start }) {
            let (weights, likelihood) = Newton(features(column)).maximize(
                prior: prior, memory: Double(min(fits, Self.memory)), ridge: Self.ridge)
            if let best, likelihood < best.likelihood + (best.column == start ? Self.columnGain : 0) { continue }
            best = (column, weights, likelihood)
        }
        guard let best, best.weights.allSatisfy(\.isFinite) else { return earlier }
        var blend = earlier
        // No learner counts against its own recommendations; popularity may.
        blend.sequential.weight = max(0, best.weights[0])
        blend.neighbours.weight = max(0, best.weights[1])
        blend.factors.weight = max(0, best.weights[2])
        blend.category.weight = max(0, best.weights[3])
        blend.popularity.weight = best.weights[4]
        blend.popularity.exponent = 0
        blend.popularity.column = best.column
        return blend
    }

    /// NDCG at `length` of the factors alone over the cases, a missing item at the place behind.
    func ndcgOfFactors(length: Int) -> Double {
        var sum = 0.0
        for heldOut in cases {
            let score = heldOut.candidates[heldOut.taken].factors
            guard score > 0 else { continue }
            let rank = heldOut.candidates.count { $0.factors > score }
            if rank < length { sum += 1 / Deterministic.log2(Double(rank + 2)) }
        }
        return sum
    }

    private func features(_ column: Int) -> [Newton.Choice] {
        cases.map { heldOut in
            var values: [Double] = []
            values.reserveCapacity(heldOut.candidates.count * Self.width)
            for parts in heldOut.candidates {
                let isKnown = parts.sequential > 0 || parts.neighbours > 0 || parts.factors > 0 || parts.category > 0
                values.append(Double(parts.sequential))
                values.append(Double(parts.neighbours))
                values.append(Double(parts.factors))
                values.append(Double(parts.category))
                values.append(isKnown ? Double(parts.popularity[column]) : 0)
            }
            return Newton.Choice(values: values, taken: heldOut.taken)
        }
    }
}

/// Newton's method on the log-likelihood of choices, with steps halved until they gain.
struct Newton {
    /// One choice: `width` values for each candidate.
    struct Choice {
        var values: [Double]
        var taken: Int
    }

    private let choices: [Choice]
    private static let width = 5
    private static let stepsMax = 25

    init(_ choices: [Choice]) { self.choices = choices }

    private struct Point {
        var likelihood = 0.0
        var gradient = [Double](repeating: 0, count: Newton.width)
        /// The information, width × width.
        var information = [Double](repeating: 0, count: Newton.width * Newton.width)
    }

    func maximize(prior: [Double], memory: Double, ridge: Double) -> (weights: [Double], likelihood: Double) {
        let width = Self.width
        var weights = prior
        var point = evaluate(weights)
        var precision = point.information.map { $0 * memory }
        for index in 0..<width { precision[index * width + index] += ridge }
        var value = point.likelihood
        for _ in 0..<Self.stepsMax {
            var gradient = point.gradient
            for row in 0..<width {
                for column in 0..<width {
                    gradient[row] -= precision[row * width + column] * (weights[column] - prior[column])
                }
            }
            let matrix = zip(point.information, precision).map { $0 + $1 }
            guard let step = Self.solve(matrix, gradient) else { break }
            var length = 1.0
            var moved = false
            while length > 1e-4 {
                let candidate = zip(weights, step).map { $0 + length * $1 }
                let next = evaluate(candidate)
                let nextValue = next.likelihood - penalty(candidate, prior, precision)
                if nextValue > value {
                    moved = nextValue - value > 1e-6 * abs(value)
                    (weights, point, value) = (candidate, next, nextValue)
                    break
                }
                length /= 2
            }
            if !moved { break }
        }
        return (weights, value)
    }

    private func penalty(_ weights: [Double], _ prior: [Double], _ precision: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<Self.width {
            for column in 0..<Self.width {
                sum += (weights[row] - prior[row]) * precision[row * Self.width + column] * (weights[column] - prior[column])
            }
        }
        return sum / 2
    }

    private func evaluate(_ weights: [Double]) -> Point {
        let width = Self.width
        var point = Point()
        var scores: [Double] = []
        for choice in choices {
            let count = choice.values.count / width
            scores.removeAll(keepingCapacity: true)
            var largest = -Double.infinity
            choice.values.withUnsafeBufferPointer { values in
                for candidate in 0..<count {
                    var score = 0.0
                    for index in 0..<width { score += weights[index] * values[candidate * width + index] }
                    scores.append(score)
                    largest = max(largest, score)
                }
                var total = 0.0
                let chosen = scores[choice.taken] - largest
                for candidate in 0..<count {
                    scores[candidate] = Deterministic.exp2((scores[candidate] - largest) * 1.44269504088896340736)
                    total += scores[candidate]
                }
                point.likelihood += chosen - Deterministic.log2(total) * 0.693147180559945309417
                add(values, scores, total, taken: choice.taken, to: &point)
            }
        }
        return point
    }

    /// Adds the gradient x_taken − E[x], and the information E[xxᵀ] − E[x]E[x]ᵀ.
    private func add(
        _ values: UnsafeBufferPointer<Double>, _ scores: [Double], _ total: Double, taken: Int, to point: inout Point
    ) {
        let width = Self.width
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width + width * width) { sums in
            sums.initialize(repeating: 0)
            for candidate in scores.indices {
                let share = scores[candidate] / total
                let row = candidate * width
                for i in 0..<width {
                    let weighted = share * values[row + i]
                    sums[i] += weighted
                    for j in 0...i { sums[width + i * width + j] += weighted * values[row + j] }
                }
            }
            for i in 0..<width {
                point.gradient[i] += values[taken * width + i] - sums[i]
                for j in 0...i {
                    let information = sums[width + i * width + j] - sums[i] * sums[j]
                    point.information[i * width + j] += information
                    if i != j { point.information[j * width + i] += information }
                }
            }
        }
    }

    /// Solves a positive definite system by Cholesky's decomposition; nil where it is not.
    private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
        var lower = matrix
        var solution = right
        for i in 0..<width {
            for j in 0...i {
                var sum = lower[i * width + j]
                for k in 0..<j { sum -= lower[i * width + k] * lower[j * width + k] }
                if i == j {
                    guard sum > 0 else { return nil }
                    lower[i * width + i] = sum.squareRoot()
                } else {
                    lower[i * width + j] = sum / lower[j * width + j]
                }
            }
        }
        for i in 0..<width {
            for k in 0..<i { solution[i] -= lower[i * width + k] * solution[k] }
            solution[i] /= lower[i * width + i]
        }
        for i in stride(from: width - 1, through: 0, by: -1) {
            for k in (i + 1)..<width { solution[i] -= lower[k * width + i] * solution[k] }
            solution[i] /= lower[i * width + i]
        }
        return solution
    }
}
