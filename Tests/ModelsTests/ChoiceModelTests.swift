import Events
import Testing

@testable import Models

/// The likelihood that the blend's weights are fitted by.
@Suite struct ChoiceModelTests {
    /// Users who choose among candidates by known weights.
    static func choices(_ weights: [Double], count: Int, candidates: Int, seed: UInt64) -> [ChoiceModel.Choice] {
        let shares = ChoiceModel.shares
        var random = RandomStream(seed: seed)
        return (0..<count).map { index in
            // Shares are sparse and small but for a few.
            let values = (0..<candidates * shares).map { _ in
                random.uniform() < 0.5 ? 0 : random.uniform() * random.uniform()
            }
            let support = [-1, -0.3, 0.4, 1][index % 4]
            var sum = 0.0
            let odds = (0..<candidates).map { candidate in
                let score = (0..<shares).reduce(0.0) {
                    let slope = $1 < ChoiceModel.sloped ? weights[shares + $1] : 0
                    return $0 + (weights[$1] + support * slope) * values[candidate * shares + $1]
                }
                sum += Deterministic.exp2(score / 0.693147180559945309417)
                return sum
            }
            let drawn = random.uniform() * sum
            return ChoiceModel.Choice(
                values: values, taken: odds.firstIndex { $0 >= drawn } ?? candidates - 1, support: support)
        }
    }

    static var planted: [Double] {
        [6, 2, 4, 3, -1, 2, 0, 1.5, 0.5, 2] + [0, 1, -1, 0.5, 0, 1]
    }

    @Test func gradientAndInformationAreDerivatives() {
        let model = ChoiceModel(Self.choices(Self.planted, count: 40, candidates: 12, seed: 1))
        let weights = Self.planted.enumerated().map { $1 * 0.5 + Double($0 % 3) * 0.2 }
        let point = model.evaluate(weights)
        let step = 1e-5
        for index in weights.indices {
            var (up, down) = (weights, weights)
            up[index] += step
            down[index] -= step
            let (above, below) = (model.evaluate(up), model.evaluate(down))
            let slope = (above.likelihood - below.likelihood) / (2 * step)
            #expect(abs(point.gradient[index] - slope) < 1e-5 * max(1, abs(slope)))
            for other in weights.indices {
                let curvature = -(above.gradient[other] - below.gradient[other]) / (2 * step)
                let information = point.information[index * weights.count + other]
                #expect(abs(information - curvature) < 1e-5 * max(1, abs(curvature)))
            }
        }
    }

    @Test func plantedWeightsAreFound() {
        let model = ChoiceModel(Self.choices(Self.planted, count: 8000, candidates: 20, seed: 2))
        let prior = [Double](repeating: 0, count: ChoiceModel.width)
        let (weights, likelihood) = model.maximize(prior: prior, memory: 0, ridge: 1e-3)
        #expect(likelihood > model.evaluate(Self.planted).likelihood - 1)
        let information = model.evaluate(weights).information
        for (index, (found, planted)) in zip(weights, Self.planted).enumerated() {
            // Within four standard errors, which are at least these.
            let error = 1 / information[index * weights.count + index].squareRoot()
            #expect(abs(found - planted) < max(0.8, 6 * error), "weight \(index): \(found), planted \(planted)")
        }
    }

    @Test func ridgeAndMemoryHoldWeightsWhereTheyWere() {
        let model = ChoiceModel(Self.choices(Self.planted, count: 200, candidates: 20, seed: 3))
        let prior = [Double](repeating: 1, count: ChoiceModel.width)
        func move(memory: Double, ridge: Double) -> Double {
            let weights = model.maximize(prior: prior, memory: memory, ridge: ridge).weights
            return weights.reduce(0) { $0 + ($1 - 1) * ($1 - 1) }
        }
        let free = move(memory: 0, ridge: 1e-3)
        #expect(move(memory: 0, ridge: 3) < free && move(memory: 9, ridge: 1e-3) < free)
        #expect(move(memory: 0, ridge: 1e6) < 1e-4)
    }

    /// A share that never differs between candidates says nothing, and its weight stays.
    @Test func whatTellsNothingKeepsItsWeight() {
        var choices = Self.choices(Self.planted, count: 200, candidates: 20, seed: 4)
        for index in choices.indices {
            for place in stride(from: 1, to: choices[index].values.count, by: ChoiceModel.shares) {
                choices[index].values[place] = 0
            }
        }
        var prior = [Double](repeating: 0, count: ChoiceModel.width)
        prior[1] = 0.4
        let weights = ChoiceModel(choices).maximize(prior: prior, memory: 9, ridge: 3).weights
        #expect(abs(weights[1] - 0.4) < 1e-9 && abs(weights[ChoiceModel.shares + 1]) < 1e-9)
    }
}
