import Events
import Models
import Testing

struct CovisitationTests {
    /// The table again with dictionaries: counts in fixed point, one map a row.
    private struct Naive {
        var settings: CovisitationTable.Settings
        var rows: [UInt32: [UInt32: UInt32]] = [:]
        var totals: [UInt32: UInt64] = [:]
        var epochs: [UInt32: Int64] = [:]
        var epoch: Int64 = 0
        /// (k+1)^−γ in fixed point, from the C library.
        let weights: [Double]

        init(_ settings: CovisitationTable.Settings) {
            self.settings = settings
            weights = (1...settings.window).map { Self.power(Double($0 + 1), -settings.distanceExponent) * 4096 }
        }

        mutating func learn(_ item: UInt32, _ preceding: [UInt32], _ time: Int64) {
            var gain = 1.0
            if settings.halfLifeMilliseconds > 0 {
                epoch = max(epoch, time / settings.halfLifeMilliseconds)
                let age = Double(time - epoch * settings.halfLifeMilliseconds)
                gain = Self.power(2, age / Double(settings.halfLifeMilliseconds))
            }
            for (index, other) in preceding.prefix(settings.window).enumerated() {
                add(other, item, UInt32((weights[index] * gain).rounded()))
                add(item, other, UInt32((weights[index] * settings.backwardWeight * gain).rounded()))
            }
            age(item)
            totals[item, default: 0] += UInt64((4096 * gain).rounded())
        }

        private mutating func add(_ row: UInt32, _ neighbour: UInt32, _ weight: UInt32) {
            age(row)
            rows[row, default: [:]][neighbour, default: 0] += weight
        }

        private mutating func age(_ row: UInt32) {
            let shift = epoch - epochs[row, default: 0]
            epochs[row] = epoch
            guard shift > 0 else { return }
            totals[row] = shift >= 64 ? 0 : totals[row, default: 0] >> UInt64(shift)
            rows[row] = rows[row]?.mapValues { shift >= 32 ? 0 : $0 >> UInt32(shift) }
        }

        /// x^y by repeated square roots: slow, and by another way than the table's.
        static func power(_ x: Double, _ y: Double) -> Double {
            guard y >= 0 else { return 1 / power(x, -y) }
            var result = 1.0
            for _ in 0..<Int(y) { result *= x }
            var root = x
            var rest = y - y.rounded(.down)
            for _ in 0..<60 {
                root = root.squareRoot()
                rest *= 2
                if rest >= 1 {
                    result *= root
                    rest -= 1
                }
            }
            return result
        }
    }

    private func stream(_ seed: UInt64, items: Int, count: Int, step: Int) -> [(UInt32, [UInt32], Int64)] {
        var random = Seeded(seed)
        var time: Int64 = 1_569_888_000_000
        return (0..<count).map { _ in
            time += Int64(random.below(step))
            let item = UInt32(random.skewed(items))
            var preceding: [UInt32] = []
            for _ in 0..<random.below(13) {
                let other = UInt32(random.skewed(items))
                if other != item, !preceding.contains(other) { preceding.append(other) }
            }
            let late = random.once(in: 6) ? Int64(random.below(50 * step)) : 0
            return (item, preceding, time - late)
        }
    }

    private func table(_ settings: CovisitationTable.Settings, items: Int) -> CovisitationTable {
        let identifiers = IdentifierTable()
        for item in 0..<items { _ = identifiers.intern("item-\(item)") }
        return CovisitationTable(settings: settings, identifiers: identifiers)
    }

    /// Counts, totals and half-lives against dictionaries, where no row is full.
    @Test(arguments: [Int64(0), 60_000, 3_600_000]) func agreesWithDictionaries(halfLife: Int64) {
        var settings = CovisitationTable.Settings()
        settings.halfLifeMilliseconds = halfLife
        let table = table(settings, items: 60)
        var naive = Naive(settings)
        for (item, preceding, time) in stream(3, items: 60, count: 4000, step: 2000) {
            preceding.withUnsafeBufferPointer { table.learn(item: item, preceding: $0, time: time) }
            naive.learn(item, preceding, time)
        }
        #expect(table.epoch == naive.epoch)
        for item in 0..<UInt32(60) {
            let row = table.snapshot(item)
            #expect(row.epoch == naive.epochs[item, default: 0])
            // Roundings of half a unit may fall otherwise where the powers differ in the last place: none does here.
            #expect(row.total == naive.totals[item, default: 0])
            #expect(Dictionary(uniqueKeysWithValues: row.neighbours) == naive.rows[item] ?? [:])
            let shift = Naive.power(2, -Double(naive.epoch - row.epoch))
            #expect(abs(table.total(item) - Double(row.total) / 4096 * shift) <= 1e-9 * table.total(item))
        }
    }

    /// Ties go by the hash of the neighbour's identifier, not by the order in which they came, nor by their numbers.
    @Test func tiesOfAFullRowGoByTheIdentifiersHash() {
        var settings = CovisitationTable.Settings()
        settings.neighbours = 16
        settings.window = 1
        let table = table(settings, items: 100)
        var random = Seeded(1)
        // Rows 1…5 see the same 24 neighbours in other orders, then one more, which prunes.
        for row in UInt32(1)...5 {
            for other in (UInt32(50)..<74).shuffled(using: &random) + [80] {
                [row].withUnsafeBufferPointer { table.learn(item: other, preceding: $0, time: 0) }
            }
        }
        let names = IdentifierTable()
        for item in 0..<100 { _ = names.intern("item-\(item)") }
        let best = (UInt32(50)..<74).sorted { names.hash($0) < names.hash($1) }.prefix(16)
        for row in UInt32(1)...5 {
            #expect(Set(table.snapshot(row).neighbours.map(\.item)) == Set(best + [80]))
        }
    }

    @Test func aPrunedRowHoldsExactlyTheBest() {
        var settings = CovisitationTable.Settings()
        settings.neighbours = 16
        settings.window = 1
        let table = table(settings, items: 100)
        // 24 = ¾ of a row of 32: the 25th neighbour prunes to the best 16 and then finds its place.
        for other in 1...UInt32(25) {
            for _ in 0..<(other == 25 ? 1 : other) {
                [0].withUnsafeBufferPointer { table.learn(item: other, preceding: $0, time: 0) }
            }
        }
        #expect(Set(table.snapshot(0).neighbours.map(\.item)) == Set(9...25))
    }

    @Test func normsFollowTotals() {
        for halfLife in [Int64(0), 60_000] {
            var settings = CovisitationTable.Settings()
            settings.halfLifeMilliseconds = halfLife
            let table = table(settings, items: 40)
            table.setTargetExponent(0.5)
            for (item, preceding, time) in stream(4, items: 40, count: 1000, step: 3000) {
                preceding.withUnsafeBufferPointer { table.learn(item: item, preceding: $0, time: time) }
            }
            for exponent in [0.5, 0.25] {
                table.setTargetExponent(exponent)
                for item in 0..<UInt32(40) where table.total(item) > 0 {
                    let expected = Naive.power(table.total(item), -exponent)
                    #expect(abs(Double(table.targetNorm(item)) - expected) <= 1e-5 * expected)
                    #expect(abs(Double(table.sourceNorm(item, exponent: exponent)) - expected) <= 1e-5 * expected)
                }
            }
            #expect(table.targetNorm(1000) == 0)
            #expect(table.sourceNorm(1000, exponent: 0.5) == 0)
        }
    }

    /// A place in a row is for a pair that says something.
    @Test func pairsThatWeighNothingAreNotKept() {
        var settings = CovisitationTable.Settings()
        (settings.distanceExponent, settings.backwardWeight, settings.halfLifeMilliseconds) = (10, 0, 1000)
        let table = table(settings, items: 10)
        [1, 2, 3].withUnsafeBufferPointer { table.learn(item: 0, preceding: $0, time: 100_000) }
        #expect(table.neighbourCount(0) == 0 && (1...3).map { table.neighbourCount($0) } == [1, 0, 0])
        // Late by more half-lives than a count has bits.
        [5].withUnsafeBufferPointer { table.learn(item: 4, preceding: $0, time: 1000) }
        #expect(table.neighbourCount(5) == 0 && table.total(4) == 0)
        // A snapshot need not have them, so a table that is restored without them equals this one.
        #expect(table.snapshot(4).epoch == 0 && table.snapshot(5).epoch == 0)
    }

    @Test func aForgottenRowIsEmptyAndLearnsAnew() {
        let table = table(.init(), items: 10)
        for _ in 0..<3 { [0, 1].withUnsafeBufferPointer { table.learn(item: 2, preceding: $0, time: 0) } }
        table.forget(0)
        #expect(table.neighbourCount(0) == 0 && table.total(0) == 0 && table.targetNorm(0) == 0)
        #expect(table.neighbourCount(1) == 1)
        [2].withUnsafeBufferPointer { table.learn(item: 0, preceding: $0, time: 0) }
        #expect(table.total(0) == 1 && table.neighbourCount(0) == 1)
    }
}
