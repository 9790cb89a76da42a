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

@Suite struct RankerTests {
    private static let count = 400
    private let identifiers = IdentifierTable()
    private let table: ItemTable
    private let serving: ServingGeneration

    init() {
        table = ItemTable(settings: .init(), identifiers: identifiers)
        var factors = Matrix(rows: Self.count, columns: 8)
        var random = RandomStream(seed: 4)
        for row in 0..<Self.count {
            for column in 0..<8 { factors[row, column] = Float(random.normal()) }
            table.learn(
                item: identifiers.intern("item-\(row)"), type: .view, isNewPair: true, time: 1000 + Int64(row),
                preceding: UnsafeBufferPointer(start: nil, count: 0))
        }
        serving = ServingGeneration(
            Generation(
                number: 1, manifest: GenerationManifest(), items: (0..<Self.count).map { "item-\($0)" },
                factors: factors, neighbours: [], neighbourWeights: [], neighboursPerItem: 0),
            identifiers: identifiers)
    }

    private func withQuery(_ body: (UserQuery) -> Void) {
        let recents = serving.itemNumbers[3..<6].map { $0 }
        recents.withUnsafeBufferPointer { recents in
            [Float](repeating: 1, count: 3).withUnsafeBufferPointer { ratings in
                [UserQuery.ItemState](repeating: .viewed, count: 3).withUnsafeBufferPointer { states in
                    body(UserQuery(recents: recents, ratings: ratings, states: states, seed: 0))
                }
            }
        }
    }

    /// What adds nothing is not touched, however often: there is room for each item once.
    @Test func nothingAddedIsNothingTouched() {
        let scores = ScoreAccumulator()
        scores.reserve(4)
        for _ in 0..<100 { scores.add(1, 0) }
        #expect(scores.count == 0)
        for _ in 0..<100 { scores.add(2, .leastNonzeroMagnitude) }
        scores.add(1, 2)
        #expect(scores.count == 2 && scores[1] == 2)
    }

    /// The stamps of more queries than there are numbers begin anew.
    @Test func marksOfQueriesDoNotMeetThoseOfLongAgo() {
        let ranker = Ranker(table: table)
        ranker.begin(generation: serving, blend: BlendSettings())
        var lists: [[UInt32]] = []
        withQuery { query in
            ranker.rank([query]) { _, list, _ in lists.append(list.indices.map { list[$0].item }) }
            ranker.stamp = .max - 1
            for _ in 0..<3 {
                ranker.rank([query]) { _, list, _ in lists.append(list.indices.map { list[$0].item }) }
            }
        }
        #expect(lists.count == 4 && lists[0].count == 20 && Set(lists).count == 1)
    }

    /// Items that were withdrawn since the training take no places of the factor learner's best.
    @Test func theFactorsBestAreFoundBehindWithdrawnItems() {
        for item in 0..<UInt32(Self.count) where item % 8 != 0 { table.withdraw(item: item) }
        let ranker = Ranker(table: table)
        ranker.begin(generation: serving, blend: BlendSettings())
        withQuery { query in
            let found = Set(ranker.parts(query).map(\.item))
            let search = FactorSearch()
            search.search([query], serving: serving, shortMemory: 5, candidates: Self.count)
            let best = search.results(0).map { serving.itemNumbers[Int($0.index)] }
                .filter { table.isRecommendable($0) && !query.recents.contains($0) }
            #expect(best.count == 50 && found.isSuperset(of: best.prefix(40)))
        }
    }
}
