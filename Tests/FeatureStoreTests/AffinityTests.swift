import Events
import FeatureStore
import Testing

struct AffinityTests {
    @Test func tallyAgreesWithADictionary() {
        let names = IdentifierTable()
        for word in 0..<60 { _ = names.intern("word-\(word * 7 % 60)") }
        let tally = AffinityTally(most: 5)
        var state: UInt64 = 1
        for _ in 0..<50 {
            tally.removeAll()
            var sums: [UInt32: Float] = [:]
            for _ in 0..<200 {
                state = Hash64.hash(state)
                let word = UInt32(state % 60)
                tally.add(word, Float(1 + state >> 32 % 3))
                sums[word, default: 0] += Float(1 + state >> 32 % 3)
            }
            let whole = sums.values.reduce(0, +)
            let expected = sums.sorted { a, b in a.value != b.value ? a.value > b.value : names.precedes(a.key, b.key) }
                .prefix(5).map { Affinity(word: $0.key, share: $0.value / whole) }
            #expect(Array(tally.top(names: names)) == expected)
        }
    }

    @Test func noWordAndNoWeightCountNothing() {
        let names = IdentifierTable()
        let word = names.intern("only")
        let tally = AffinityTally()
        tally.add(IdentifierTable.none, 1)
        tally.add(word, 0)
        #expect(tally.top(names: names).isEmpty)
        tally.add(word, 2)
        #expect(Array(tally.top(names: names)) == [Affinity(word: word, share: 1)])
    }

    @Test func moreWordsThanTheBoundOnlyCountInTheWhole() {
        let names = IdentifierTable()
        for word in 0..<100 { _ = names.intern("w\(word)") }
        let tally = AffinityTally(most: 1)
        for word in 0..<UInt32(100) { tally.add(word, word == 0 ? 2 : 1) }
        #expect(Array(tally.top(names: names)) == [Affinity(word: 0, share: 2 / 101)])
    }

    @Test func recencyHalvesWithEachHalfLife() {
        let weights = RecencyWeights(halfLifeMilliseconds: 1000)
        #expect(weights.weight(age: -5) == 1)
        #expect(weights.weight(age: 0) == 1)
        #expect(weights.weight(age: 1000) == 0.5)
        #expect(weights.weight(age: 3000) == 0.125)
        #expect(weights.weight(age: .max) < 1e-9)
        #expect(RecencyWeights(halfLifeMilliseconds: 0).weight(age: 1 << 50) == 1)
        for age in stride(from: Int64(0), to: 5000, by: 7) {
            #expect(weights.weight(age: age) >= weights.weight(age: age + 7))
        }
    }

    @Test func windowsAreWholeBuckets() {
        var windows = ActivityWindows()
        for (age, count) in [(0, 1), (11, 1), (12, 1), (287, 1), (288, 1), (2015, 1), (2016, 1), (-1, 1)] {
            windows.add(SIMD4(UInt8(count), 0, 0, 2), age: Int64(age))
        }
        #expect(windows.hour == SIMD4(2, 0, 0, 4))
        #expect(windows.day == SIMD4(4, 0, 0, 8))
        #expect(windows.week == SIMD4(6, 0, 0, 12))
    }
}
