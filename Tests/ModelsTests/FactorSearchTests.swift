import Events
import Linear
import Testing

@testable import Models

@Suite struct FactorSearchTests {
    private let search = FactorSearch()
    private let identifiers = IdentifierTable()

    private func serving(columns: Int, filled: Bool = true) -> ServingGeneration {
        var factors = Matrix(rows: 30, columns: columns)
        if filled {
            for row in 0..<30 {
                for column in 0..<columns { factors[row, column] = Float((row * 31 + column * 17) % 13) / 13 - 0.4 }
            }
        }
        let generation = Generation(
            number: 1, manifest: GenerationManifest(), items: (0..<30).map { "item-\($0)" }, factors: factors,
            neighbours: [], neighbourWeights: [], neighboursPerItem: 0)
        return ServingGeneration(generation, identifiers: identifiers)
    }

    private func withQuery(_ serving: ServingGeneration, _ body: (UserQuery) -> Void) {
        let recents = serving.itemNumbers[3..<6].map { $0 }
        let ratings: [Float] = [1, 2, 1]
        let states = [UserQuery.ItemState](repeating: .viewed, count: 3)
        recents.withUnsafeBufferPointer { recents in
            ratings.withUnsafeBufferPointer { ratings in
                states.withUnsafeBufferPointer { states in
                    body(UserQuery(recents: recents, ratings: ratings, states: states, seed: 0))
                }
            }
        }
    }

    /// 56 and 64 columns have one stride.
    @Test func aUsersPlaceHasAsManyNumbersAsTheGeneration() {
        for columns in [56, 64, 40] {
            let serving = serving(columns: columns)
            withQuery(serving) { query in
                search.search([query], serving: serving, shortMemory: 0, candidates: 5)
                let vectors = search.vectors(query, serving, shortMemory: 0, place: 0)
                #expect(vectors?.short.count == columns && vectors?.short == vectors?.long)
                #expect(search.results(0).count == 8)
            }
        }
    }

    @Test func withoutFactorsNothingIsSearched() {
        let serving = serving(columns: 1, filled: false)
        withQuery(serving) { query in
            search.search([query], serving: serving, shortMemory: 0, candidates: 5)
            #expect(search.results(0).isEmpty)
            #expect(search.vectors(query, serving, shortMemory: 0, place: 0)?.short == [0])
        }
    }
}
