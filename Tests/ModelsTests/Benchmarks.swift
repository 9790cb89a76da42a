import Foundation
import Linear
import Models
import Testing

/// Quality and times on real data, printed, and quality checked by the figures that were asked for; times are other machines'
/// too, and are only printed. Only where FRESHET_BENCH names the folder that holds `gowalla`
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

    /// `Σ α₀ (w·h)² + Σ c (1 − w·h)² + ridges`, the first sum over all pairs by the Gram matrices of both sides.
    static func loss(_ model: ImplicitALS, _ data: Interactions, _ factors: Factors) -> Double {
        let (users, items, turned) = (factors.users!, factors.items, data.transposed())
        func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Double {
            (0..<model.factors).reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
        }
        let (left, right) = (users.gram(), items.gram())
        var sum = (0..<model.factors).reduce(0.0) { sum, row in
            sum + product(left.row(row), right.row(row)) * Double(model.unobservedWeight)
        }
        for user in 0..<data.rows {
            for n in data.range(of: user) {
                let miss = 1 - product(users.row(user), items.row(Int(data.indices[n])))
                sum += Double(model.alpha * data.weights[n]) * miss * miss
            }
        }
        for (rows, matrix, others) in [(data, users, data.columns), (turned, items, data.rows)] {
            for row in 0..<rows.rows {
                let ridge = model.ridge(count: rows.range(of: row).count, others: others)
                sum += Double(ridge) * product(matrix.row(row), matrix.row(row))
            }
        }
        return sum
    }

    /// The sweeps that a model of the service makes, and three for the time of one.
    @Test func epochOfGowalla() throws {
        let split = try Split("gowalla")
        var losses: [Double] = []
        for solver in [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 3)] {
            var model = ImplicitALS()
            model.solver = solver
            model.sweeps = 3
            model.unobservedWeight = 0.02
            model.regularization = 0.001
            let time = Self.seconds { _ = model.train(split.train) }
            model.sweeps = 14
            losses.append(Self.loss(model, split.train, try #require(model.train(split.train))))
            print("Gowalla K=64 \(solver): three sweeps in \(time), loss \(losses[losses.count - 1]) after 14")
        }
        #expect(losses[1] < 1.005 * losses[0])
    }

    /// A case of `figures`, with what recall and NDCG must reach; nothing is asked of a smaller model than was compared.
    struct Figure: CustomTestStringConvertible {
        var name: String
        var factors: Int
        var unobserved: Float
        var regularization: Float
        var least: (recall: Double, ndcg: Double)?

        var testDescription: String { "\(name) K=\(factors)" }
    }

    @Test(arguments: [
        Figure(name: "gowalla", factors: 64, unobserved: 0.02, regularization: 0.001),
        Figure(name: "gowalla", factors: 512, unobserved: 0.03, regularization: 0.002, least: (0.1745, 0.144)),
        Figure(name: "ml-1m", factors: 256, unobserved: 0.3, regularization: 0.007, least: (0.282, 0.2665)),
    ])
    func figures(_ figure: Figure) throws {
        let (name, factors) = (figure.name, figure.factors)
        let split = try Split(name)
        var model = ImplicitALS()
        model.factors = factors
        model.unobservedWeight = figure.unobserved
        model.regularization = figure.regularization
        var learnt: Factors!
        let time = Self.seconds { learnt = model.train(split.train) }
        let before = Self.quality(split, learnt)
        learnt.users = model.project(split.train, onto: learnt.items)
        let after = Self.quality(split, learnt)
        print("\(name) K=\(factors): \(time), \(before), projected anew: \(after)")
        if let least = figure.least { #expect(after.recall >= least.recall && after.ndcg >= least.ndcg) }
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
