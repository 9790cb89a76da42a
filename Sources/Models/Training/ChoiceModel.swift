internal import Events

/// Newton's method on the log-likelihood of choices, with steps halved until they gain. A candidate's score is
/// Σ (w_k + support · slope_k) · value_k, where the first values only have a slope. The first of these weigh no less than 0:
/// neither by their weights, which a step takes to 0 at most and which stay there while steps would take them further, nor
/// where a slope makes them for some support, as lists have it (`LearnerWeights`).
struct ChoiceModel {
    /// One choice: `shares` values for each candidate.
    struct Choice {
        var values: [Double]
        var taken: Int
        /// What the slopes are multiplied with.
        var support: Double
    }

    private let choices: [Choice]
    /// Values of a candidate.
    static let shares = 10
    /// How many of them, the first ones, have a slope.
    static let sloped = 6
    /// How many of these, the first ones, weigh no less than 0.
    static let bounded = 4
    /// Weights: one for each value, then the slopes.
    static let width = shares + sloped
    private static let stepsMax = 25

    init(_ choices: [Choice]) { self.choices = choices }

    struct Point {
        var likelihood = 0.0
        var gradient = [Double](repeating: 0, count: ChoiceModel.width)
        /// The information, width × width.
        var information = [Double](repeating: 0, count: ChoiceModel.width * ChoiceModel.width)
    }

    func maximize(prior: [Double], memory: Double, ridge: Double) -> (weights: [Double], likelihood: Double) {
        let width = Self.width
        var weights = prior
        for index in 0..<Self.bounded { weights[index] = max(0, weights[index]) }
        var point = evaluate(weights)
        var precision = point.information.map { $0 * memory }
        for index in 0..<width { precision[index * width + index] += ridge }
        var value = point.likelihood - penalty(weights, prior, precision)
        for _ in 0..<Self.stepsMax {
            var gradient = point.gradient
            for row in 0..<width {
                for column in 0..<width {
                    gradient[row] -= precision[row * width + column] * (weights[column] - prior[column])
                }
            }
            let matrix = zip(point.information, precision).map { $0 + $1 }
            guard let step = Self.step(matrix, gradient, from: weights) else { break }
            // As far as the first bound.
            var (length, nearest) = (1.0, -1)
            for index in 0..<Self.bounded where weights[index] + length * step[index] < 0 {
                (length, nearest) = (weights[index] / -step[index], index)
            }
            let shortest = length * 1e-4
            var moved = false
            while length > shortest {
                var candidate = zip(weights, step).map { $0 + length * $1 }
                for index in 0..<Self.bounded { candidate[index] = max(0, candidate[index]) }
                if nearest >= 0 { candidate[nearest] = 0 }
                let next = evaluate(candidate)
                let nextValue = next.likelihood - penalty(candidate, prior, precision)
                if nextValue > value {
                    moved = nextValue - value > 1e-6 * abs(value) || nearest >= 0
                    (weights, point, value) = (candidate, next, nextValue)
                    break
                }
                length /= 2
                nearest = -1
            }
            if !moved { break }
        }
        return (weights, value)
    }

    /// Newton's step with the weights at their bounds kept there that it would take below.
    private static func step(_ matrix: [Double], _ gradient: [Double], from weights: [Double]) -> [Double]? {
        var (matrix, gradient) = (matrix, gradient)
        func pin(_ index: Int) {
            for other in 0..<width { (matrix[index * width + other], matrix[other * width + index]) = (0, 0) }
            matrix[index * width + index] = 1
            gradient[index] = 0
        }
        for index in 0..<bounded where weights[index] == 0 && gradient[index] < 0 { pin(index) }
        while let step = solve(matrix, gradient) {
            guard let below = (0..<bounded).first(where: { weights[$0] == 0 && step[$0] < 0 }) else { return step }
            pin(below)
        }
        return nil
    }

    private func penalty(_ weights: [Double], _ prior: [Double], _ precision: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<Self.width {
            for column in 0..<Self.width {
                let moves = (weights[row] - prior[row]) * (weights[column] - prior[column])
                sum += precision[row * Self.width + column] * moves
            }
        }
        return sum / 2
    }

    /// The log-likelihood and its derivatives.
    func evaluate(_ weights: [Double]) -> Point {
        let shares = Self.shares
        var point = Point()
        var scores: [Double] = []
        var present = [Double](repeating: 0, count: shares)
        var isFree = [Bool](repeating: true, count: shares)
        for choice in choices {
            let count = choice.values.count / shares
            for index in 0..<shares { present[index] = weights[index] }
            for index in 0..<Self.sloped { present[index] += choice.support * weights[shares + index] }
            // A weight that is below 0 for this support is 0 for it, whatever becomes of it by a small step.
            for index in 0..<Self.bounded {
                isFree[index] = present[index] >= 0
                present[index] = max(0, present[index])
            }
            scores.removeAll(keepingCapacity: true)
            var largest = -Double.infinity
            choice.values.withUnsafeBufferPointer { values in
                for candidate in 0..<count {
                    var score = 0.0
                    for index in 0..<shares { score += present[index] * values[candidate * shares + index] }
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
                add(values, scores, total, choice, isFree, to: &point)
            }
        }
        return point
    }

    /// Adds the gradient x_taken − E[x], and the information E[xxᵀ] − E[x]E[x]ᵀ: of the weights, and multiplied with the
    /// support, once or twice, of the slopes.
    private func add(
        _ values: UnsafeBufferPointer<Double>, _ scores: [Double], _ total: Double, _ choice: Choice,
        _ isFree: [Bool], to point: inout Point
    ) {
        let (shares, sloped, width) = (Self.shares, Self.sloped, Self.width)
        let support = choice.support
        withUnsafeTemporaryAllocation(of: Double.self, capacity: shares + shares * shares) { sums in
            sums.initialize(repeating: 0)
            for candidate in scores.indices {
                let share = scores[candidate] / total
                let row = candidate * shares
                for i in 0..<shares {
                    let weighted = share * values[row + i]
                    // Most candidates are known to one or two of the learners.
                    if weighted == 0 { continue }
                    sums[i] += weighted
                    for j in 0...i { sums[shares + i * shares + j] += weighted * values[row + j] }
                }
            }
            for i in 0..<shares where isFree[i] {
                let gradient = values[choice.taken * shares + i] - sums[i]
                point.gradient[i] += gradient
                if i < sloped { point.gradient[shares + i] += support * gradient }
                for j in 0..<shares where isFree[j] {
                    let (high, low) = (max(i, j), min(i, j))
                    let information = sums[shares + high * shares + low] - sums[i] * sums[j]
                    point.information[i * width + j] += information
                    if j < sloped { point.information[i * width + shares + j] += support * information }
                    guard i < sloped else { continue }
                    point.information[(shares + i) * width + j] += support * information
                    guard j < sloped else { continue }
                    point.information[(shares + i) * width + shares + j] += support * support * information
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
