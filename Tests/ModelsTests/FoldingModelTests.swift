import Events
import Linear
import Testing

@testable import Models

/// Algorithms whose model a generation carries.
@Suite struct FoldingModelTests {
    private static let histories = FactorizationMachineTests.histories
    private static let algorithms: [any Recommender] = {
        var bpr = BayesianPersonalizedRanking()
        (bpr.factors, bpr.epochs) = (12, 10)
        var fm = FactorizationMachine()
        (fm.factors, fm.epochs) = (12, 3)
        var mf = MatrixFactorization()
        (mf.factors, mf.epochs) = (12, 3)
        var eals = ElementwiseALS()
        (eals.factors, eals.sweeps) = (12, 3)
        return [bpr, fm, mf, eals]
    }()

    private static func settings() -> TrainingSettings {
        var settings = GenerationTrainerTests.settings(threads: 1)
        settings.isFitted = false
        return settings
    }

    private static func model<R: Recommender>(_ recommender: R) -> any RecommenderModel {
        recommender.fit(histories)!
    }

    /// Lists of the factors are those of the model for a stranger with the same history.
    @Test(arguments: 0..<4) func aGenerationRanksAsItsModel(place: Int) throws {
        let algorithm = Self.algorithms[place]
        let model = Self.model(algorithm)
        let generation = try #require(
            GenerationRecipe.recommender(algorithm, Self.settings()).train(
                Self.histories, earlier: nil, blend: BlendSettings()))
        #expect(generation.foldIn != nil && type(of: algorithm).isServedByFactors)
        let identifiers = IdentifierTable()
        let serving = ServingGeneration(generation, identifiers: identifiers)
        let search = FactorSearch()
        for user in 0..<20 {
            var history = Self.histories.history(of: user)
            history.user = nil
            let recents = history.items.map { serving.itemNumbers[Int($0)] }
            let states = [UserQuery.ItemState](repeating: .viewed, count: recents.count)
            let expected = model.recommend([history], count: 10)[0].map(\.index)
            let found = recents.withUnsafeBufferPointer { recents in
                history.ratings.withUnsafeBufferPointer { ratings in
                    states.withUnsafeBufferPointer { states in
                        let query = UserQuery(recents: recents, ratings: ratings, states: states, seed: 0)
                        search.search([query], serving: serving, shortMemory: 0, candidates: 10)
                        return search.results(0).map(\.index).filter { !history.items.contains($0) }
                    }
                }
            }
            #expect(Array(found.prefix(10)) == expected, "\(type(of: algorithm).name), user \(user)")
        }
    }

    /// What is served knows nothing of the users that it was trained on, and comes back from its bytes as it was.
    @Test(arguments: 0..<4) func whatIsServedComesBackWithoutUsers(place: Int) throws {
        let algorithm = Self.algorithms[place]
        let model = try #require(Self.model(algorithm) as? any FoldingModel).withoutUsers()
        let writer = ByteWriter()
        model.encode(to: writer)
        let again = try Array(writer.bytes).withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try type(of: algorithm).foldingModel(decoding: &reader)
        }
        let history = Self.histories.history(of: 3)
        let decoded = try #require(again)
        let stranger = UserHistory(items: history.items, ratings: history.ratings)
        let items = (0..<Int32(model.itemCount)).map { $0 }
        #expect(decoded.scores(stranger, of: items) == model.scores(stranger, of: items))
        #expect(decoded.scores(history, of: items) == model.scores(stranger, of: items))
    }

    /// Training goes on from the model of the last generation: after one pass it is nearer to where it was than a fit from
    /// nothing is.
    @Test func aTrainingStartsFromTheLastGeneration() throws {
        var long = BayesianPersonalizedRanking()
        (long.factors, long.epochs) = (12, 60)
        let settings = Self.settings()
        let first = try #require(
            GenerationRecipe.recommender(long, settings).train(Self.histories, earlier: nil, blend: BlendSettings()))
        var short = long
        short.epochs = 1
        func train(_ earlier: Generation?) throws -> Generation {
            let recipe = GenerationRecipe.recommender(short, settings)
            return try #require(recipe.train(Self.histories, earlier: earlier, blend: BlendSettings()))
        }
        func distance(_ other: Generation) -> Float {
            (0..<first.factors.rows).reduce(0) { sum, row in
                sum
                    + (0..<first.factors.columns).reduce(Float(0)) {
                        let gap = first.factors[row, $1] - other.factors[row, $1]
                        return $0 + gap * gap
                    }
            }
        }
        let (warm, cold) = (try train(first), try train(nil))
        #expect(distance(warm) < distance(cold) / 4)
        // One of another algorithm is nothing to start from.
        var manifest = first.manifest
        manifest.model = FactorizationMachine.name
        #expect(try distance(train(first.with(manifest: manifest))) == distance(cold))
    }
}
