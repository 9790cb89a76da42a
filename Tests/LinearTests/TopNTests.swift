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
}
