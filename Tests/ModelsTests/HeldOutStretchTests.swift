import Events
import Linear
import Testing

@testable import Models

@Suite struct HeldOutStretchTests {
    /// Users of whom each one touches four items, one after another; then the first few touch `later` others each.
    private static func histories(users: Int, thenOf few: Int, later: Int) -> TrainingHistories {
        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        for user in 0..<users {
            for step in (0..<(4 + (user < few ? later : 0))).reversed() {
                let item = (user * 7 + step) % 30
                builder.append(
                    identifiers.intern("item-\(item)"), rating: 1, time: Int64(step * users + user) * 1000)
            }
            builder.endUser()
        }
        return builder.build(identifiers)
    }

    private static func generation(until time: Int64) -> Generation {
        var manifest = GenerationManifest()
        manifest.latestTime = time
        return Generation(
            number: 1, manifest: manifest, items: ["a"], factors: Matrix(rows: 1, columns: 1), neighbours: [],
            neighbourWeights: [], neighboursPerItem: 0)
    }

    @Test func onlyKnownUsersAndItemsCount() {
        let histories = Self.histories(users: 20, thenOf: 0, later: 0)
        let all = HeldOutStretch(histories, after: -1)
        #expect(all.users == 20 && all.cases > 20 && all.cases <= 60)
        #expect(HeldOutStretch(histories, after: histories.latestTime) == HeldOutStretch(histories, after: .max))
        #expect(!HeldOutStretch(histories, after: histories.latestTime).isEnough)
    }

    /// Many interactions of two users tell of those two: both a candidate beside the serving generation and two generations
    /// are judged on the latest tenth then.
    @Test func aFewUsersAreNoStretch() {
        let few = Self.histories(users: 40, thenOf: 2, later: 24)
        let many = Self.histories(users: 40, thenOf: 30, later: 4)
        for (histories, isFresh) in [(few, false), (many, true)] {
            let trained = Int64(4 * 40 - 1) * 1000
            #expect(histories.times.count { $0 > trained } >= HeldOutStretch.interactionsMin)
            let tenth = histories.time(ofShare: 0.9)
            let serving = Self.generation(until: trained)
            let compared = GenerationTrial.boundary(histories, of: [serving])
            #expect(compared == (isFresh ? trained : tenth))
            let judged = GenerationTrial.boundary(histories, serving: serving)
            #expect(isFresh ? judged > trained && judged < histories.latestTime : judged == tenth)
        }
    }

    @Test func aRecipeIsNotComparedWithItself() {
        let (one, other) = (Self.generation(until: 100), Self.generation(until: 200))
        #expect(GenerationTrial.isOfOneRecipe(one, other, after: 99))
        // One that has not seen the stretch is judged as it is.
        #expect(!GenerationTrial.isOfOneRecipe(one, other, after: 100))
        var manifest = other.manifest
        manifest.settings = ["factors=8"]
        #expect(!GenerationTrial.isOfOneRecipe(one, other.with(manifest: manifest), after: 99))
        manifest.model = GenerationManifest.importedModel
        let outside = other.with(manifest: manifest)
        #expect(!GenerationTrial.isOfOneRecipe(outside, outside, after: 99))
    }
}
