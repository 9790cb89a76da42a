import Foundation
import Linear
import Models
import Testing

/// Quality and times on real data, printed and checked; only where FRESHET_BENCH names the folder that holds `gowalla`
/// and `ml-1m` (a line a user: the user, then its items; train.txt and test.txt):
/// `FRESHET_BENCH=data swift test -c release -Xswiftc -enable-testing --filter ModelsTests.Benchmarks`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FRESHET_BENCH"] != nil), .serialized)
struct Benchmarks {
    struct Split {
        var train: Interactions
        var test: [[Int32]]

        init(_ name: String) throws {
            let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["FRESHET_BENCH"]!)
                .appending(path: name)
            let lists = try ["train.txt", "test.txt"].map { file in
                try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                    .split(whereSeparator: \.isNewline)
                    .map { $0.split(whereSeparator: \.isWhitespace).map { Int32($0)! } }
            }
            let users = Int(lists.joined().map { $0.first! }.max()!) + 1
            let itemsMax = Int(lists.joined().flatMap { $0.dropFirst() }.max()!) + 1
            train = Interactions(
                rows: users, columns: itemsMax,
                pairs: lists[0].flatMap { line in line.dropFirst().map { (line[0], $0, Float(1)) } }, merge: .max)
            test = Array(repeating: [], count: users)
            for line in lists[1] { test[Int(line[0])] = Array(line.dropFirst()) }
        }
    }

    /// Recall@20 as hits / test items, and NDCG@20, over users that have test items.
    static func quality(_ split: Split, _ factors: Factors) -> (recall: Double, ndcg: Double) {
        let users = factors.users!
        let index = InnerProductIndex(factors.items)
        let searcher = InnerProductSearcher()
        let longest = (0..<split.train.rows).map { split.train.range(of: $0).count }.max()! + 20
        var (results, found) = ([Scored](repeating: Scored(index: 0, score: 0), count: longest), [Int32(0)])
        var (recall, ndcg, count) = (0.0, 0.0, 0)
        for user in 0..<users.rows where !split.test[user].isEmpty {
            let seen = Set(split.train.indices[split.train.range(of: user)])
            results.withUnsafeMutableBufferPointer {
                searcher.search(
                    index, queries: users.row(user), stride: users.stride, count: 1, wanted: [Int32(20 + seen.count)],
                    results: $0.baseAddress!, resultStride: longest, found: &found)
            }
            let list = results.prefix(Int(found[0])).map(\.index).filter { !seen.contains($0) }.prefix(20)
            let wanted = Set(split.test[user])
            let gains = list.enumerated().filter { wanted.contains($0.element) }.map { 1 / log2(Double($0.offset) + 2) }
            recall += Double(gains.count) / Double(wanted.count)
            ndcg += gains.reduce(0, +) / (0..<min(20, wanted.count)).reduce(0) { $0 + 1 / log2(Double($1) + 2) }
            count += 1
        }
        return (recall / Double(count), ndcg / Double(count))
    }

    /// On the wall, and of CPU in all threads.
    static func seconds(_ body: () -> Void) -> String {
        let (start, cpu) = (DispatchTime.now().uptimeNanoseconds, clock())
        body()
        let wall = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        return String(format: "%.2f s (CPU %.2f s)", wall, Double(clock() - cpu) / Double(CLOCKS_PER_SEC))
    }

    @Test func epochOfGowalla() throws {
        let split = try Split("gowalla")
        for solver in [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 3)] {
            var model = ImplicitALS()
            model.solver = solver
            model.sweeps = 3
            model.unobservedWeight = 0.02
            model.regularization = 0.001
            let time = Self.seconds { _ = model.train(split.train) }
            print("Gowalla K=64 \(solver): three sweeps in \(time)")
        }
    }

    @Test(arguments: [("gowalla", 64, 0.02, 0.001), ("gowalla", 512, 0.03, 0.002), ("ml-1m", 256, 0.3, 0.007)])
    func figures(name: String, factors: Int, unobserved: Float, regularization: Float) throws {
        let split = try Split(name)
        var model = ImplicitALS()
        model.factors = factors
        model.unobservedWeight = unobserved
        model.regularization = regularization
        var learnt: Factors!
        let time = Self.seconds { learnt = model.train(split.train) }
        let before = Self.quality(split, learnt)
        learnt.users = model.project(split.train, onto: learnt.items)
        print("\(name) K=\(factors): \(time), \(before), projected anew: \(Self.quality(split, learnt))")
    }

    @Test(arguments: ["gowalla", "ml-1m"])
    func neighboursOfItems(name: String) throws {
        let split = try Split(name)
        let time = Self.seconds { _ = ItemKNN().train(split.train) }
        print("\(name) item kNN K=100: \(time)")
    }

    /// What a list's factor candidates cost where the factors are real.
    @Test(arguments: Kernels.available.filter { $0 != .plain })
    func topNinetyOfGowalla(kernels: Kernels) throws {
        let split = try Split("gowalla")
        var model = ImplicitALS()
        model.sweeps = 6
        model.unobservedWeight = 0.02
        model.regularization = 0.001
        let factors = try #require(model.train(split.train))
        let (users, index) = (factors.users!, InnerProductIndex(factors.items))
        let searcher = InnerProductSearcher(kernels: kernels)
        let wanted = [Int32](repeating: 90, count: users.rows)
        var (results, found) = ([Scored](repeating: Scored(index: 0, score: 0), count: 90 * 32), wanted)
        let start = clock()
        for user in stride(from: 0, to: users.rows - 32, by: 32) {
            results.withUnsafeMutableBufferPointer {
                searcher.search(
                    index, queries: users.row(user), stride: users.stride, count: 32, wanted: wanted,
                    results: $0.baseAddress!, resultStride: 90, found: &found)
            }
        }
        let time = Double(clock() - start) / Double(CLOCKS_PER_SEC) / Double(users.rows) * 1e6
        print("top 90 of Gowalla's \(factors.items.rows) items, K=64, \(kernels): \(time) µs a user")
    }
}
