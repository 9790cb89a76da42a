import Linear
import Testing

struct TopNTests {
    @Test func keepsTheBestWhateverTheOrderOfOffers() {
        var generator = SplitMix64(state: 2)
        let all = (0..<500).map { Scored(index: Int32($0), score: Float(generator.next() % 40)) }
        let expected = all.sorted { $0.score != $1.score ? $0.score > $1.score : $0.index < $1.index }
        for capacity in [0, 1, 7, 100, 600] {
            var top = TopN(capacity: capacity)
            for item in all.shuffled(using: &generator) {
                top.offer(item.score, index: item.index)
                if item.index % 50 == 0 { #expect(top._checkInvariants()) }
            }
            var result: [Scored] = []
            top.drain(into: &result)
            #expect(result == Array(expected.prefix(capacity)))
            #expect(top.count == 0)
        }
    }

    @Test func rankDecidesBeforeIndexAndNaNIsRefused() {
        var top = TopN(capacity: 2)
        top.offer(1, index: 1, rank: 9)
        top.offer(1, index: 2, rank: 3)
        top.offer(.nan, index: 3)
        top.offer(1, index: 4, rank: 5)
        var result: [Scored] = []
        top.drain(into: &result)
        #expect(result.map(\.index) == [2, 4])
    }

    /// What is taken out in no order is what would come out in order, and the room is there again.
    @Test func whatIsTakenOutUnorderedIsTheSame() {
        var generator = SplitMix64(state: 3)
        var top = TopN(capacity: 9)
        for offers in [0, 1, 5, 9, 10, 200] {
            var other = TopN(capacity: 9)
            for index in 0..<Int32(offers) {
                let (score, rank) = (Float(generator.next() % 6), UInt32(truncatingIfNeeded: generator.next()))
                top.offer(score, index: index, rank: rank)
                other.offer(score, index: index, rank: rank)
            }
            var expected: [Scored] = []
            other.drain(into: &expected)
            var taken: [Scored] = []
            top.removeAll { taken.append($0) }
            #expect(taken.sorted { $0.index < $1.index } == expected.sorted { $0.index < $1.index })
            #expect(taken.count == min(offers, 9))
            #expect(top.count == 0 && top.threshold == -.infinity)
        }
    }
}
