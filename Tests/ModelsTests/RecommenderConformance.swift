import Events
import Linear
import Synchronization
import Testing

@testable import Models

/// What every algorithm of the catalogue does, whatever it learns.
@Suite struct RecommenderConformance {
    static let names = RecommenderCatalogue.all.map { $0.name }
    /// Those that count or solve in closed form: nothing for a seed to decide.
    static let withoutChance = ["ease", "knn", "covisitation", "popularity-count"]

    /// Users of two tastes with a few strays: 240 users, 80 items, ratings 1 to 4, categories by taste.
    static let histories = makeHistories(users: 240, items: 80)

    static func makeHistories(users: Int, items: Int) -> TrainingHistories {
        let identifiers = IdentifierTable()
        let numbers = (0..<items).map { identifiers.intern("item-\($0)") }
        var random = RandomStream(seed: 7)
        var builder = TrainingHistories.Builder()
        for user in 0..<users {
            var touched = Set<Int>()
            for step in 0..<(12 + user % 9) {
                let isStray = random.uniform() < 0.15
                let half = (user % 2 == 0) != isStray ? 0 : items / 2
                let item = half + Int(random.uniform() * random.uniform() * Double(items / 2))
                guard touched.insert(item).inserted else { continue }
                builder.append(
                    numbers[item], rating: Float(1 + Int(random.uniform() * 4)), time: Int64(1000 * step + user))
            }
            builder.endUser()
        }
        return builder.build(identifiers) { $0 < UInt32(items / 2) ? 1 : 2 }
    }

    static func history(_ user: Int, known: Bool = true) -> UserHistory {
        let range = histories.starts[user]..<histories.starts[user + 1]
        return UserHistory(
            user: known ? user : nil, items: Array(histories.rows[range]), ratings: Array(histories.ratings[range]))
    }

    @Test(arguments: names) func hasADefaultWithinItsOwnDomain(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            for parameter in R.parameters {
                let text = parameter.domain.text(parameter.get(R()))
                #expect(parameter.domain.value(text) != nil, "\(name): \(parameter.name) = \(text)")
                var changed = R()
                try changed.set(parameter.name, to: text)
                #expect(parameter.get(changed) == parameter.get(R()), "\(name): \(parameter.name)")
                #expect(!parameter.doc.isEmpty)
            }
            #expect(Set(R.parameters.map(\.name)).count == R.parameters.count)
            var wrong = R()
            #expect(throws: (any Error).self) { try wrong.set("no-such-setting", to: "1") }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    @Test(arguments: names) func listsAreWholeOrderedAndWithoutOwnItems(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            #expect(model.itemCount == Self.histories.items.count)
            let users = (0..<Self.histories.userCount).map { Self.history($0) }
            for (user, list) in zip(users, model.recommend(users, count: 10)) {
                #expect(list.count == 10)
                #expect(Set(list.map(\.index)).count == list.count)
                #expect(Set(list.map(\.index)).isDisjoint(with: user.items))
                for (a, b) in zip(list, list.dropFirst()) {
                    #expect(a.score > b.score || (a.score == b.score && a.index < b.index))
                }
            }
            let longest = try #require(model.recommend([Self.history(0)], count: 1000).first)
            #expect(longest.count <= Self.histories.items.count - Self.history(0).items.count)
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// A list is what the scores say.
    @Test(arguments: names) func listsAgreeWithScores(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            for user in [0, 1, 17] {
                let history = Self.history(user)
                let list = try #require(model.recommend([history], count: 10).first)
                let scores = model.scores(history, of: (0..<Int32(model.itemCount)).map { $0 })
                #expect(scores.allSatisfy { !$0.isNaN })
                let own = Set(history.items)
                var top = TopN(capacity: 10)
                for item in scores.indices where !own.contains(Int32(item)) {
                    top.offer(scores[item], index: Int32(item))
                }
                var expected: [Scored] = []
                top.drain(into: &expected)
                for (a, b) in zip(list, expected) {
                    #expect(abs(a.score - b.score) <= 1e-5 * max(1, abs(b.score)))
                    // Of the very item that the list names.
                    #expect(abs(scores[Int(a.index)] - a.score) <= 1e-5 * max(1, abs(a.score)))
                }
                #expect(list.count == expected.count)
            }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    @Test(arguments: names) func strangersAndUnknownUsersGetLists(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            let stranger = UserHistory(items: [], ratings: [])
            #expect(model.recommend([stranger], count: 5).first?.count == 5)
            let folded = try #require(model.recommend([Self.history(3, known: false)], count: 5).first)
            #expect(folded.count == 5)
            #expect(folded.contains { $0.score != 0 })
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// Items of a user's own taste come first: a model that learns nothing does not get here.
    @Test(arguments: names) func learnsTheTastes(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            var own = 0
            var all = 0
            for user in 0..<Self.histories.userCount {
                let taste = user % 2 == 0 ? Int32(0) : 1
                for scored in try #require(model.recommend([Self.history(user)], count: 5).first) {
                    own += Self.histories.categories[Int(scored.index)] == taste ? 1 : 0
                    all += 1
                }
            }
            #expect(Double(own) > 0.7 * Double(all), "\(name): \(own) of \(all) of the user's taste")
        }
        let type = try #require(RecommenderCatalogue.find(name))
        if name != Popularity.name { try check(type) }
    }

    @Test(arguments: names) func similarItemsAreOrderedAndNotTheItemItself(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            for item in 0..<model.itemCount {
                let similar = model.similarItems(to: item, count: 8)
                #expect(!similar.contains { $0.index == Int32(item) })
                #expect(similar.allSatisfy { $0.score > 0 })
                for (a, b) in zip(similar, similar.dropFirst()) {
                    #expect(a.score > b.score || (a.score == b.score && a.index < b.index))
                }
            }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    @Test(arguments: names) func seedDecidesAndThreadsDoNot(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            var one = R()
            one.threads = 1
            var four = R()
            four.threads = 4
            var another = one
            another.seed = 2
            let bytes = try [one, four, another].map { encoded(try #require($0.fit(Self.histories))) }
            #expect(bytes[0] == bytes[1])
            #expect((bytes[0] == bytes[2]) == Self.withoutChance.contains(name))
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    @Test(arguments: names) func comesBackFromItsBytesToTheBit(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            let bytes = encoded(model)
            let again = try bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                let model = try R.Model(decoding: &reader)
                #expect(reader.isAtEnd)
                return model
            }
            let users = [Self.history(0), Self.history(5, known: false)]
            let (before, after) = (model.recommend(users, count: 20), again.recommend(users, count: 20))
            #expect(before.map { $0.map(\.index) } == after.map { $0.map(\.index) })
            #expect(before.map { $0.map(\.score.bitPattern) } == after.map { $0.map(\.score.bitPattern) })
            for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
                #expect(throws: (any Error).self) {
                    try bytes[..<end].withUnsafeBytes { bytes in
                        var reader = ByteReader(bytes)
                        _ = try R.Model(decoding: &reader)
                    }
                }
            }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// However a model finds them, they are the items that it says are the most similar.
    @Test(arguments: names) func servesTheMostSimilarItems(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let model = try #require(R().fit(Self.histories))
            let parts = model.served(neighbours: 7, threads: 2, isCancelled: { false })
            #expect((parts?.factors != nil) == R.isServedByFactors)
            guard let table = try #require(parts).neighbours else { return }
            for item in 0..<model.itemCount {
                let similar = model.similarItems(to: item, count: model.itemCount)
                let kept = table.range(of: item).filter { table.indices[$0] >= 0 }
                #expect(kept.count == min(7, similar.count))
                for (place, other) in zip(kept, similar) {
                    let own = similar.first { $0.index == table.indices[place] }?.score ?? -1
                    #expect(abs(table.weights[place] - own) < 1e-5 && abs(own - other.score) < 1e-5)
                }
            }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    @Test(arguments: [0, 1025, 1 << 17]) func refusesAWidthThatCannotBeRanked(columns: Int) {
        let writer = ByteWriter()
        for value in [Float(1), 0.1, 0.01, 1] { writer.fixed(value.bitPattern) }
        writer.varint(1)
        writer.varint(columns)
        for _ in 0..<columns { writer.fixed(Float(1).bitPattern) }
        #expect(throws: ByteReader.Malformed.self) {
            try Array(writer.bytes).withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                _ = try FactorModel(decoding: &reader)
            }
        }
    }

    @Test(arguments: names) func stopsWhenAskedTo(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            #expect(R().fit(Self.histories, from: nil, progress: { _ in }, isCancelled: { true }) == nil)
            // In the middle: at half of the times that a whole training asks.
            var recommender = R()
            recommender.threads = 1
            let whole = Questions(yesFrom: .max)
            _ = try #require(
                recommender.fit(Self.histories, from: nil, progress: { _ in }, isCancelled: whole.ask))
            let half = Questions(yesFrom: whole.count / 2)
            var share = 0.0
            #expect(
                recommender.fit(Self.histories, from: nil, progress: { share = $0 }, isCancelled: half.ask) == nil)
            #expect(whole.count > 0 && share < 1, "\(name): asked \(whole.count) times, went on to \(share)")
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// Counts how often a training asks whether it is cancelled, and says so from one time on.
    private final class Questions: Sendable {
        private let asked = Atomic<Int>(0)
        private let yesFrom: Int

        init(yesFrom: Int) { self.yesFrom = yesFrom }

        var count: Int { asked.load(ordering: .relaxed) }

        @Sendable func ask() -> Bool { asked.add(1, ordering: .relaxed).oldValue >= yesFrom }
    }

    @Test(arguments: names) func tellsItsProgress(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) {
            var shares: [Double] = []
            var recommender = R()
            recommender.threads = 1  // Beside another thread the calling one may get few pieces to tell of.
            _ = recommender.fit(Self.histories, from: nil, progress: { shares.append($0) }, isCancelled: { false })
            #expect(shares == shares.sorted() && shares.last == 1)
            if name != Popularity.name {  // To count is one stage.
                #expect(Set(shares).count >= 3 && (shares.first ?? 1) <= 0.5, "\(name): \(shares)")
            }
        }
        let type = try #require(RecommenderCatalogue.find(name))
        check(type)
    }

    /// A start from an earlier model of other items neither crashes nor loses an item.
    @Test(arguments: names) func startsFromAnEarlierModel(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let smaller = Self.makeHistories(users: 30, items: 30)
            let earlier = try #require(R().fit(smaller))
            let rows = Self.histories.items.map { item in Int32(smaller.items.firstIndex(of: item) ?? -1) }
            let model = R().fit(
                Self.histories, from: EarlierModel(earlier, rows: rows), progress: { _ in }, isCancelled: { false })
            #expect(try #require(model).itemCount == Self.histories.items.count)
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    private func encoded(_ model: some RecommenderModel) -> [UInt8] {
        let writer = ByteWriter()
        model.encode(to: writer)
        return Array(writer.bytes)
    }
}
