import Events
import Linear
import Testing

@testable import Models

struct FactorizationMachineTests {
    /// Users and items with categories, brands and prices, some of them without.
    static let histories: TrainingHistories = {
        let identifiers = IdentifierTable()
        let numbers = (0..<120).map { identifiers.intern("item-\($0)") }
        var random = RandomStream(seed: 11)
        var builder = TrainingHistories.Builder()
        for user in 0..<60 {
            var touched = Set<Int>()
            for step in 0..<(4 + user % 13) {
                let item = random.below(120)
                guard touched.insert(item).inserted else { continue }
                builder.append(numbers[item], rating: 1, time: Int64(step))
            }
            builder.endUser()
        }
        return builder.build(
            identifiers, category: { $0 % 7 == 0 ? IdentifierTable.none : $0 % 6 },
            brand: { $0 % 3 == 0 ? IdentifierTable.none : $0 % 5 }, price: { $0 % 4 == 0 ? .nan : Double($0) })
    }()

    static func model() throws -> FactorizationMachine.Model {
        var machine = FactorizationMachine()
        machine.factors = 12
        machine.epochs = 3
        return try #require(machine.fit(histories))
    }

    /// The definition of the paper, in time quadratic in the features.
    static func naive(_ parameters: FactorizationParameters, _ features: [Int32]) -> Double {
        var value = Double(parameters.offset)
        for (place, a) in features.enumerated() {
            value += Double(parameters.rows[Int(a), parameters.factors])
            for b in features[(place + 1)...] {
                value += (0..<parameters.factors).reduce(0.0) {
                    $0 + Double(parameters.rows[Int(a), $1]) * Double(parameters.rows[Int(b), $1])
                }
            }
        }
        return value
    }

    @Test func equalsItsDefinition() throws {
        let model = try Self.model()
        var kinds = Set<Int>()
        for user in 0..<60 {
            let history = Self.histories.history(of: user)
            for item in 0..<model.itemCount {
                let features = model.features.features(of: history) + model.features.features(of: item)
                kinds.insert(features.count)
                let expected = Self.naive(model.parameters, features)
                #expect(abs(Double(model.prediction(history, of: item)) - expected) < 1e-5)
            }
        }
        #expect(kinds.count > 1 && kinds.max() ?? 0 >= 6)
    }

    /// Neighbours by dot product come in the order of the machine, on 10,000 pairs of items.
    @Test func theDotProductRanksAsTheMachineDoes() throws {
        let model = try Self.model()
        var random = RandomStream(seed: 5)
        for _ in 0..<100 {
            let history = Self.histories.history(of: random.below(Self.histories.userCount))
            let scores = model.scores(history, of: (0..<Int32(model.itemCount)).map { $0 })
            for _ in 0..<100 {
                let (i, j) = (random.below(model.itemCount), random.below(model.itemCount))
                let own = model.features.features(of: history)
                let difference =
                    Self.naive(model.parameters, own + model.features.features(of: i))
                    - Self.naive(model.parameters, own + model.features.features(of: j))
                // Closer than floats can tell is a tie.
                if abs(difference) > 2e-6 { #expect((scores[i] > scores[j]) == (difference > 0)) }
                #expect(abs(Double(scores[i] - scores[j]) - difference) < 1e-5)
            }
        }
    }

    @Test func learnsTheLossDown() throws {
        func loss(_ epochs: Int) throws -> Double {
            var machine = FactorizationMachine()
            machine.learningRate = 0.02
            machine.regularization = 0.001
            machine.epochs = epochs
            let model = try #require(machine.fit(RecommenderConformance.histories))
            var (sum, count) = (0.0, 0)
            for user in 0..<40 {
                let history = RecommenderConformance.histories.history(of: user)
                for item in 0..<model.itemCount {
                    let value = Double(model.prediction(history, of: item))
                    let target = history.items.contains(Int32(item)) ? 1.0 : -1
                    sum += Deterministic.log2(1 + Deterministic.exp2(-target * value * 1.442695))
                    count += 1
                }
            }
            return sum / Double(count)
        }
        let (first, later) = (try loss(1), try loss(60))
        #expect(later < 0.5 * first, "\(first) \(later)")
    }

    @Test func featuresOfItemsAreNumberedByTheirRows() {
        let histories = Self.histories
        let bands = histories.priceBands
        #expect(bands.contains(-1) && bands.contains(0) && bands.contains(9) && bands.allSatisfy { $0 <= 9 })
        #expect(histories.brands.contains(-1) && histories.categories.contains(-1))
        #expect(histories.brands.first { $0 >= 0 } == 0)
    }
}

extension FactorizationMachine.Model {
    /// y, the log-odds that a user of the histories touches an item.
    fileprivate func prediction(_ user: UserHistory, of item: Int) -> Float {
        parameters.offset + parameters.part(features.features(of: user) + features.features(of: item)).value
    }
}
