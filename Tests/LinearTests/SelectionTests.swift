import Linear
import Testing

/// `Selection` against the heap that it stands in for.
struct SelectionTests {
    /// Few different scores and none: most of what is at the edge is tied, and the rank decides.
    @Test(arguments: [1, 2, 40, 10_000]) func givesWhatAHeapGives(scores different: UInt64) {
        var generator = SplitMix64(state: different)
        let selection = Selection()
        for count in [0, 1, 2, 15, 16, 17, 100, 255, 256, 257, 300, 900] {
            let ranks = (0..<UInt32(count)).shuffled(using: &generator)
            let indices = (0..<Int32(count)).map { $0 * 7 }.shuffled(using: &generator)
            for most in [1, 2, 16, 50, 255, 256, 400, 1000] {
                var top = TopN(capacity: most)
                selection.begin(count)
                for place in 0..<count {
                    let score = Float(Int64(generator.next() % different)) - Float(different / 2)
                    top.offer(score, index: indices[place], rank: ranks[place])
                    selection.offer(score, index: indices[place], rank: ranks[place])
                }
                #expect(selection.count == count)
                var (expected, found): (Set<Int32>, [Int32]) = ([], [])
                top.removeAll { expected.insert($0.index) }
                selection.forEachBest(most) { found.append($0) }
                #expect(found.count == min(most, count))
                #expect(Set(found) == expected, "the best \(most) of \(count)")
            }
        }
    }

    /// Where scores and ranks are equal, every index is there once, and the caller settles which ones are in: by anything but
    /// the order of offers.
    @Test(arguments: Kernels.available) func equalRanksAreSettledByTheCaller(kernels: Kernels) {
        var generator = SplitMix64(state: 12)
        let selection = Selection(kernels: kernels)
        for count in [2, 7, 8, 9, 100, 255, 256, 257, 300, 900] {
            let offers = (0..<Int32(count)).map { index in
                (index: index, score: Float(generator.next() % 4), rank: UInt32(generator.next() % 3))
            }
            for most in [1, 2, 16, 50, 255, 256, 400] where most < count {
                var expected: Set<Int32>?
                for _ in 0..<3 {
                    selection.begin(count)
                    for offer in offers.shuffled(using: &generator) {
                        selection.offer(offer.score, index: offer.index, rank: offer.rank)
                    }
                    var found: [Int32] = []
                    selection.forEachBest(most, by: { $0 > $1 }, { found.append($0) })
                    let sorted = offers.sorted { a, b in
                        if a.score != b.score { return a.score > b.score }
                        return a.rank != b.rank ? a.rank < b.rank : a.index > b.index
                    }
                    expected = expected ?? Set(sorted.prefix(most).map(\.index))
                    #expect(found.count == most && Set(found) == expected, "the best \(most) of \(count)")
                }
            }
        }
    }

    /// −0 and 0 are one score, infinities are the last and the first, and scores of any distance are told apart.
    @Test func unusualScoresStandWhereTheyBelong() {
        let scores: [Float] = [
            0, -.infinity, -0.0, .infinity, .leastNonzeroMagnitude, -1e38, 1e38, -0.0, 0, -.infinity,
        ]
        for most in 1...scores.count {
            var top = TopN(capacity: most)
            let selection = Selection()
            selection.begin(scores.count)
            for (place, score) in scores.enumerated() {
                // The rank runs against the place, so that it and not the order of offers decides.
                let (index, rank) = (Int32(place), UInt32(scores.count - place))
                top.offer(score, index: index, rank: rank)
                selection.offer(score, index: index, rank: rank)
            }
            var (expected, found): (Set<Int32>, Set<Int32>) = ([], [])
            top.removeAll { expected.insert($0.index) }
            selection.forEachBest(most) { found.insert($0) }
            #expect(found == expected, "the best \(most)")
        }
    }

    /// `begin` forgets what was offered before, whether there is room already or not.
    @Test func beginsAnew() {
        let selection = Selection()
        for count in [50, 20, 200] {
            selection.begin(count)
            for place in 0..<count { selection.offer(Float(place), index: Int32(place), rank: 0) }
            var found: Set<Int32> = []
            selection.forEachBest(3) { found.insert($0) }
            #expect(found == Set([1, 2, 3].map { Int32(count - $0) }))
        }
    }
}
