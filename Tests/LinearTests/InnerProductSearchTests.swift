import Linear
import Testing

struct InnerProductSearchTests {
    /// Every score, sorted: what the index must return.
    static func bruteForce(_ items: Matrix, _ query: UnsafePointer<Float>, _ ranks: [UInt32], wanted: Int) -> [Scored] {
        var all = (0..<items.rows).map { row in
            let score = Kernels.plain.dot(query, items.row(row), length: items.stride)
            return Scored(index: Int32(row), score: score.isNaN ? -.infinity : score)
        }
        all.sort {
            if $0.score != $1.score { return $0.score > $1.score }
            return ranks[Int($0.index)] < ranks[Int($1.index)]
        }
        return Array(all.prefix(wanted))
    }

    static func search(_ index: InnerProductIndex, _ queries: Matrix, wanted: [Int32], _ kernels: Kernels) -> [[Scored]]
    {
        let searcher = InnerProductSearcher(kernels: kernels)
        return search(searcher, index, queries, wanted: wanted)
    }

    static func search(
        _ searcher: InnerProductSearcher, _ index: InnerProductIndex, _ queries: Matrix, wanted: [Int32]
    ) -> [[Scored]] {
        let room = Int(wanted.max() ?? 0)
        var results = [Scored](repeating: Scored(index: -7, score: .nan), count: queries.rows * room + 1)
        var found = [Int32](repeating: -1, count: queries.rows)
        results.withUnsafeMutableBufferPointer { results in
            found.withUnsafeMutableBufferPointer { found in
                searcher.search(
                    index, queries: queries.base, stride: queries.stride, count: queries.rows, wanted: wanted,
                    results: results.baseAddress!, resultStride: room, found: found.baseAddress!)
            }
        }
        return (0..<queries.rows).map { Array(results[$0 * room..<$0 * room + Int(found[$0])]) }
    }

    static func check(_ items: Matrix, _ queries: Matrix, wanted: [Int32], seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let ranks = (0..<UInt32(items.rows)).shuffled(using: &generator)
        let index = InnerProductIndex(items, ranks: ranks)
        let expected = (0..<queries.rows).map {
            bruteForce(items, queries.row($0), ranks, wanted: Int(wanted[$0]))
        }
        for kernels in Kernels.available {
            #expect(search(index, queries, wanted: wanted, kernels) == expected, "\(kernels) \(items.rows)")
        }
    }

    @Test(arguments: [(1, 1), (17, 3), (2000, 64), (1999, 20), (700, 130), (40, 1024)])
    func findsExactlyTheBest(rows: Int, columns: Int) {
        let items = Matrix.random(rows, columns, seed: UInt64(rows))
        let queries = Matrix.random(19, columns, seed: 77)
        Self.check(items, queries, wanted: (0..<19).map { Int32($0 * 7 % 40) }, seed: 5)
    }

    /// A pass is made for as many users as it has; one who wants nothing sits among them, or at their end.
    @Test(arguments: 1...17) func servesAnyNumberOfUsers(count: Int) {
        let items = Matrix.random(1500, 48, seed: 21)
        let queries = Matrix.random(count, 48, seed: UInt64(count))
        Self.check(items, queries, wanted: (0..<count).map { $0 % 5 == 3 ? 0 : 25 }, seed: 3)
    }

    @Test func findsThemAmongNormsThatDifferAMillionTimes() {
        let items = Matrix.random(3000, 24, seed: 8) { [1e-3, 1, 1e3, 1e-6][$0 * 7 % 4] }
        let queries = Matrix.random(9, 24, seed: 9) { [1e-6, 1, 1e6][$0 % 3] }
        Self.check(items, queries, wanted: [90, 90, 90, 5, 1, 400, 30, 30, 30], seed: 6)
    }

    @Test func tiesAreDecidedByRank() {
        // Few distinct coordinates: whole crowds share a score; and then a matrix of one single row, repeated.
        var generator = SplitMix64(state: 4)
        let crowd = Matrix((0..<3000).map { _ in (0..<8).map { _ in Float(generator.next() % 3) - 1 } })
        let same = Matrix([[Float]](repeating: [0.3, -0.7, 0.1], count: 2500))
        let queries = Matrix((0..<10).map { _ in (0..<8).map { _ in Float(generator.next() % 3) - 1 } })
        Self.check(crowd, queries, wanted: Array(repeating: 50, count: 10), seed: 1)
        Self.check(same, Matrix([[1, 1, 1], [-1, 0.5, 0]]), wanted: [60, 60], seed: 2)
    }

    @Test func scoresBelowZeroAndZerosRankToo() {
        let negative = Matrix((0..<1000).map { [-1 - Float($0 % 100), -2] })
        Self.check(negative, Matrix([[1, 1], [0, 0], [-1, 0]]), wanted: [30, 30, 30], seed: 3)
        Self.check(Matrix(rows: 600, columns: 5), Matrix.random(3, 5, seed: 1), wanted: [10, 0, 10], seed: 3)
    }

    @Test func nearTiesThatIntegersCannotSee() {
        // All items within a millionth of one another: the screen must let them all pass.
        let items = Matrix.random(2000, 16, seed: 3) { _ in 1e-7 }
        var close = items
        for row in 0..<2000 { for column in 0..<16 { close[row, column] = 1 + items[row, column] } }
        Self.check(close, Matrix.random(8, 16, seed: 4), wanted: Array(repeating: 40, count: 8), seed: 8)
    }

    @Test func wantsMoreThanThereIs() {
        let items = Matrix.random(70, 10, seed: 3)
        Self.check(items, Matrix.random(2, 10, seed: 4), wanted: [70, 1000], seed: 8)
        let none = InnerProductIndex(Matrix(rows: 0, columns: 10))
        #expect(Self.search(none, Matrix.random(2, 10, seed: 4), wanted: [5, 5], .best) == [[], []])
    }

    @Test func floatsAtTheEdgesNeverGiveNaN() {
        for scale: Float in [1e-38, 1e-30, 1e-20, 1e18, 3e37] {
            let items = Matrix.random(500, 12, seed: 3) { _ in scale }
            Self.check(
                items, Matrix.random(4, 12, seed: 4) { [1, scale, 1e-30, 0][$0] }, wanted: [9, 9, 9, 9], seed: 8)
        }
        var broken = Matrix.random(100, 12, seed: 3)
        broken[5, 5] = .nan
        broken[6, 6] = .infinity
        let results = Self.search(InnerProductIndex(broken), Matrix.random(2, 12, seed: 4), wanted: [100, 100], .best)
        #expect(results.allSatisfy { $0.count == 100 && $0.allSatisfy { !$0.score.isNaN } })
        #expect(results.allSatisfy { $0.suffix(2).contains { $0.index == 5 && $0.score == -.infinity } })
    }

    /// Finite numbers whose norms are none as floats: the screen has no bound for them, and seats that nobody has must stay
    /// empty.
    @Test func normsBeyondFloats() {
        let signs: [Float] = [3e38, -3e38]
        let items = Matrix((0..<20_000).map { row in (0..<4).map { signs[row >> $0 & 1] } })
        Self.check(items, Matrix.random(3, 4, seed: 4) { _ in 1e-10 }, wanted: [9, 0, 9], seed: 8)
    }

    @Test func aSearcherServesIndexesOfAnySize() {
        let searcher = InnerProductSearcher()
        for (rows, columns, wanted) in [(100, 8, 10), (5000, 100, 300), (50, 3, 50), (1000, 64, 20)] {
            let items = Matrix.random(rows, columns, seed: UInt64(rows))
            let queries = Matrix.random(70, columns, seed: 1)
            let index = InnerProductIndex(items)
            let found = Self.search(searcher, index, queries, wanted: Array(repeating: Int32(wanted), count: 70))
            for query in [0, 33, 69] {
                let ranks = (0..<UInt32(rows)).map { $0 }
                #expect(found[query] == Self.bruteForce(items, queries.row(query), ranks, wanted: wanted))
            }
        }
    }
}
