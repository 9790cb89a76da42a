import Linear
import Events
import Linear
import Synchronization
import Testing

@testable import Models

@Suite struct GenerationTrainerTests {
    /// Users of three tastes, whose items come in the order of their numbers.
    static func histories(users: Int, length: Int, identifiers: IdentifierTable = IdentifierTable())
        -> TrainingHistories
    {
        var builder = TrainingHistories.Builder()
        for user in 0..<users {
            let taste = user % 3
            for step in (0..<length).reversed() {
                let item =
                    taste * 40 + (user / 3 * 7 + step * 2 + Int(Hash64.hash(UInt64(user), seed: UInt64(step)) % 2)) % 40
                guard step == 0 || Hash64.hash(UInt64(user * 100 + step), seed: 3) % 8 > 0 else { continue }
                builder.append(identifiers.intern("item-\(item)"), rating: 1, time: Int64(step * users + user) * 1000)
            }
            builder.endUser()
        }
        return builder.build(identifiers)
    }

    static func settings(threads: Int) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.factors = 16
        settings.threads = threads
        return settings
    }

    static func bits(_ generation: Generation) -> [UInt32] {
        (0..<generation.factors.rows).flatMap { row in
            (0..<generation.factors.columns).map { generation.factors[row, $0].bitPattern }
        }
    }

    /// Small catalogues get fewer factors than are set, and none gets more.
    @Test(arguments: [(64, 100, 24), (64, 4000, 64), (64, 20, 8), (4, 4000, 4), (4, 3, 4)])
    func factorsFollowTheCatalogue(set: Int, items: Int, factors: Int) {
        var settings = TrainingSettings()
        settings.factors = set
        #expect(settings.factors(items: items) == factors)
    }

    @Test func threadsChangeNothing() throws {
        let histories = Self.histories(users: 90, length: 12)
        let one = try #require(GenerationTrainer(settings: Self.settings(threads: 1)).train(histories))
        let two = try #require(GenerationTrainer(settings: Self.settings(threads: 2)).train(histories))
        #expect(Self.bits(one) == Self.bits(two))
        #expect(one.neighbours == two.neighbours && one.neighbourWeights == two.neighbourWeights)
        #expect(one.manifest == two.manifest)
        #expect(one.manifest.blend != BlendSettings())
    }

    @Test func rowsDoNotDependOnTheOrderOfArrival() throws {
        let shuffled = IdentifierTable()
        for item in (0..<120).reversed() { _ = shuffled.intern("item-\(item)") }
        let trainer = GenerationTrainer(settings: Self.settings(threads: 2))
        let plain = try #require(trainer.train(Self.histories(users: 60, length: 10)))
        let other = try #require(trainer.train(Self.histories(users: 60, length: 10, identifiers: shuffled)))
        #expect(plain.items == other.items)
        #expect(Self.bits(plain) == Self.bits(other))
    }

    @Test func warmStartGoesOnFromTheEarlierGeneration() throws {
        let trainer = GenerationTrainer(settings: Self.settings(threads: 2))
        let first = try #require(trainer.train(Self.histories(users: 60, length: 10)))
        let more = Self.histories(users: 66, length: 10)
        let second = try #require(trainer.train(more, earlier: first))
        #expect(second.number == first.number + 1)
        #expect(second.manifest.unobservedWeight == first.manifest.unobservedWeight)
        // A start from nothing comes near as well, from the same random vectors; but not so near.
        var settings = Self.settings(threads: 2)
        settings.unobservedWeight = first.manifest.unobservedWeight
        settings.regularization = first.manifest.regularization
        settings.isFitted = false
        let cold = try #require(GenerationTrainer(settings: settings).train(more))
        let (warmly, coldly) = (Self.cosine(first, second), Self.cosine(first, cold))
        #expect(warmly > 0.97 && 1 - warmly < 0.5 * (1 - coldly), "\(warmly), cold \(coldly)")
        // Four times as many sweeps from nothing are what three from the earlier vectors save.
        settings.warmSweeps = settings.firstSweeps
        let further = try #require(GenerationTrainer(settings: settings).train(more, earlier: first))
        #expect(Self.cosine(further, second) > Self.cosine(cold, second))
    }

    /// How near the factors of two generations are, over the items of both.
    private static func cosine(_ one: Generation, _ other: Generation) -> Float {
        let rows = Dictionary(uniqueKeysWithValues: zip(other.items, other.items.indices))
        var (dot, a, b) = (Float(0), Float(0), Float(0))
        for (row, item) in one.items.enumerated() {
            guard let found = rows[item] else { continue }
            for column in 0..<one.factors.columns {
                let (x, y) = (one.factors[row, column], other.factors[found, column])
                (dot, a, b) = (dot + x * y, a + x * x, b + y * y)
            }
        }
        return dot / (a * b).squareRoot()
    }

    /// Someone looks at it: it moves from the beginning, through the search and the replays too.
    @Test(arguments: [false, true]) func progressRisesAllTheTime(isWarm: Bool) throws {
        let trainer = GenerationTrainer(settings: Self.settings(threads: 2))
        let first = isWarm ? trainer.train(Self.histories(users: 30, length: 6)) : nil
        var shares: [Double] = []
        _ = trainer.train(Self.histories(users: 90, length: 12), earlier: first, progress: { shares.append($0) })
        #expect(shares == shares.sorted() && shares.last == 1)
        #expect(Set(shares.filter { $0 < 0.3 }).count > 20, "\(shares.prefix(30))")
        #expect(zip([0] + shares, shares).allSatisfy { $1 - $0 < 0.15 }, "\(shares)")
    }

    /// What the earlier weights stand for is how often they were fitted, whatever number their generation has.
    @Test func fitsAreCountedNotGenerations() throws {
        let trainer = GenerationTrainer(settings: Self.settings(threads: 2))
        let first = try #require(trainer.train(Self.histories(users: 60, length: 8)))
        #expect(first.manifest.fits == 1)
        let more = Self.histories(users: 60, length: 12)
        let second = try #require(trainer.train(more, earlier: first))
        let late = try #require(trainer.train(more, earlier: first.with(number: 50)))
        #expect(second.manifest.fits == 2 && second.manifest.blend != first.manifest.blend)
        #expect(late.number == 51 && late.manifest == second.manifest)
        var plain = Self.settings(threads: 2)
        plain.isFitted = false
        #expect(GenerationTrainer(settings: plain).train(more)?.manifest.fits == 0)
    }

    /// Ids that are equal as text and spelled in two ways are two items.
    @Test func warmStartGoesByTheBytesOfIds() {
        let ids = ["e\u{301}", "\u{e9}"]
        let earlier = Generation(
            number: 1, manifest: GenerationManifest(), items: ids, factors: Matrix([[1], [2]]), neighbours: [],
            neighbourWeights: [], neighboursPerItem: 0)
        let start = GenerationTrainer.warmItems(["a"] + ids.reversed(), earlier)
        #expect([start[0, 0], start[1, 0], start[2, 0]] == [0, 2, 1])
    }

    /// A department whose users and items are all new has nothing in the earlier generation to start from.
    @Test func warmStartTakesInWhatIsAllNew() throws {
        func histories(users: Range<Int>) -> TrainingHistories {
            let identifiers = IdentifierTable()
            var builder = TrainingHistories.Builder()
            for user in users {
                for step in 0..<12 {
                    let item = user / 60 * 40 + (user * 7 + step) % 40
                    builder.append(
                        identifiers.intern("item-\(item)"), rating: 1, time: Int64(user * 100 + step) * 1000)
                }
                builder.endUser()
            }
            return builder.build(identifiers)
        }
        var settings = Self.settings(threads: 2)
        (settings.factors, settings.isFitted) = (8, false)
        let trainer = GenerationTrainer(settings: settings)
        let first = try #require(trainer.train(histories(users: 0..<60)))
        let second = try #require(trainer.train(histories(users: 0..<120), earlier: first))
        let isNew = Set(second.items).subtracting(first.items)
        #expect(isNew.count == 40)
        // What was known stays near where it was, which a start from nothing does not leave there.
        let cold = try #require(trainer.train(histories(users: 0..<120)))
        let (warmly, coldly) = (Self.cosine(first, second), Self.cosine(first, cold))
        #expect(warmly > 0.8 && warmly > coldly + 0.1, "\(warmly), cold \(coldly)")
        for (row, item) in second.items.enumerated() where isNew.contains(item) {
            let length = (0..<8).reduce(Float(0)) { $0 + second.factors[row, $1] * second.factors[row, $1] }
            #expect(length > 0.01, "\(item)")
        }
    }

    @Test func cancellationEndsATraining() {
        let calls = Atomic(0)
        let generation = GenerationTrainer(settings: Self.settings(threads: 2)).train(
            Self.histories(users: 90, length: 12),
            isCancelled: { calls.wrappingAdd(1, ordering: .relaxed).newValue > 20 })
        #expect(generation == nil)
    }

    @Test func neighboursAreNormalisedCooccurrences() throws {
        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        for items in [["a", "b", "c"], ["a", "b"], ["c", "b"], ["a"]] {
            for (place, item) in items.enumerated() {
                builder.append(identifiers.intern(item), rating: 1, time: Int64(10 - place))
            }
            builder.endUser()
        }
        let histories = builder.build(identifiers)
        var settings = WindowNeighbours.Settings()
        settings.targetExponent = 0.5
        settings.sourceExponent = 0.5
        let table = try #require(WindowNeighbours(histories, settings: settings, threads: 2))
        #expect(histories.items == ["a", "b", "c"])
        #expect(table.perItem == 2)
        #expect(Array(table.neighbours) == [1, 2, 2, 0, 1, 0])
        // a and b were each touched by three users, twice together.
        #expect(abs(table.weights[0] - 2.0 / 3) < 1e-6)
    }
}
