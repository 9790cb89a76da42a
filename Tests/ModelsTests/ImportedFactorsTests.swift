import Events
import Linear
import Testing

@testable import Models

@Suite struct ImportedFactorsTests {
    /// Users of four tastes, who take any of its items in any order.
    private static let histories: TrainingHistories = {
        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        for user in 0..<160 {
            var taken = Set<Int>()
            for step in 0..<12 {
                let item = user % 4 * 30 + Int(Hash64.hash(UInt64(user * 100 + step), seed: 9) % 30)
                guard taken.insert(item).inserted else { continue }
                builder.append(identifiers.intern("item-\(item)"), rating: 1, time: Int64(step * 160 + user) * 1000)
            }
            builder.endUser()
        }
        return builder.build(identifiers)
    }()
    private static let settings = GenerationTrainerTests.settings(threads: 2)

    @Test func refusesWhatDoesNotFit() {
        let items = Matrix([[1, 2], [3, 4]])
        #expect(throws: ImportedFactors.Failure.self) { try ImportedFactors(items: items, users: nil, ids: ["a"]) }
        #expect(throws: ImportedFactors.Failure.self) {
            try ImportedFactors(items: items, users: nil, ids: ["a", "a"])
        }
        #expect(throws: ImportedFactors.Failure.self) { try ImportedFactors(items: items, users: nil, ids: ["a", ""]) }
        #expect(throws: ImportedFactors.Failure.self) {
            try ImportedFactors(items: items, users: Matrix([[1, 2, 3]]), ids: ["a", "b"])
        }
        #expect(throws: ImportedFactors.Failure.self) {
            try ImportedFactors(items: items, users: Matrix([[1, 1], [2, 2]]), ids: ["a", "b"])
        }
    }

    /// Nothing could be told by such factors, whatever the comparison says.
    @Test(arguments: [Float(0), 3]) func refusesItemsThatAreAllAlike(value: Float) {
        #expect(throws: ImportedFactors.Failure.self) {
            try ImportedFactors(items: Matrix([[value, value], [value, value]]), users: nil, ids: ["a", "b"])
        }
    }

    /// Their squares, or what users' spread makes of them, would be beyond single precision, and λ with them.
    @Test(arguments: [Float.infinity, .nan, 2e19, 1e30]) func refusesWhatCannotBeRankedBy(value: Float) {
        let (large, small) = (Matrix([[value, 2], [3, 4]]), Matrix([[1, 2], [3, 4]]))
        for (items, users) in [(large, nil), (large, small), (small, large)] as [(Matrix, Matrix?)] {
            #expect(throws: ImportedFactors.Failure.self, "\(value)") {
                try ImportedFactors(items: items, users: users, ids: ["a", "b"])
            }
        }
    }

    /// Large and small scales are served alike, and what is made of them can be read again.
    @Test(arguments: [Float(1e12), 1e-12]) func anyScaleThatCanBeRankedByIsTaken(scale: Float) throws {
        let time = Self.histories.time(ofShare: 0.6)
        let own = try #require(GenerationTrainer(settings: Self.settings).train(Self.histories.until(time)))
        let factors = try ImportedFactors(items: own.factors.scaled(by: scale), users: nil, ids: own.items)
        let generation = try #require(factors.generation(Self.histories, until: time, settings: Self.settings))
        #expect(generation.manifest.regularization.isFinite && generation.manifest.regularization > 0)
        #expect(generation.manifest.blend.factors.weight + generation.manifest.blend.factors.rootWeight > 0)
    }

    /// H·L of W = [[2, 0], [0, 4]]: the spread is 2 and 8 halves.
    @Test func usersScaleTheItems() throws {
        let factors = try ImportedFactors(
            items: Matrix([[1, 1]]), users: Matrix([[2, 0], [0, 4]]), ids: ["a"])
        #expect(abs(factors.items[0, 0] - Float(2).squareRoot()) < 1e-6)
        #expect(abs(factors.items[0, 1] - Float(8).squareRoot()) < 1e-6)
    }

    /// Our own factors of the first part come in from outside, pass for what they are, and mixed up ones do not.
    @Test func goodFactorsPassAndBadOnesAreRefused() throws {
        let time = Self.histories.time(ofShare: 0.6)
        let own = try #require(GenerationTrainer(settings: Self.settings).train(Self.histories.until(time)))
        let good = try ImportedFactors(items: own.factors, users: nil, ids: own.items)
        let trial = GenerationTrial(settings: Self.settings, blend: BlendSettings())
        let generation = try #require(good.generation(Self.histories, until: time, settings: Self.settings))
        #expect(generation.manifest.model == "import" && generation.manifest.latestTime > time)
        #expect(generation.manifest.blend.factors.weight > 0 && generation.manifest.blend.neighbours.weight == 0)
        let decision = trial.judge(generation, Self.histories, serving: own)
        let comparison = try #require(decision.comparison)
        #expect(comparison.cases > 20 && comparison.boundary >= generation.manifest.latestTime)
        let first = trial.judge(generation, Self.histories, serving: nil)
        #expect(first.isPromoted)

        // What is said to include the future is judged as soon as anything comes.
        let early = try #require(good.generation(Self.histories, until: .max, settings: Self.settings))
        #expect(early.manifest.latestTime == Self.histories.latestTime)

        // The ids in another order: the fit gives such factors no weight, and the rest carries the list.
        let bad = try ImportedFactors(items: own.factors, users: nil, ids: own.items.reversed())
        let spoilt = try #require(bad.generation(Self.histories, until: time, settings: Self.settings))
        func most(_ generation: Generation) -> Double {
            generation.manifest.blend.factors.weight + generation.manifest.blend.factors.rootWeight
        }
        #expect(most(spoilt) < most(generation), "what the best item gets")
    }
}
