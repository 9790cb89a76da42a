import Linear
import Testing

@testable import Models

struct ImplicitALSTests {
    let data = planted(users: 90, items: 61, seed: 7)

    static func model(_ solver: ImplicitALS.Solver, factors: Int = 10) -> ImplicitALS {
        var model = ImplicitALS()
        model.factors = factors
        model.solver = solver
        model.sweeps = 4
        model.threads = 2
        return model
    }

    static func bits(_ factors: Factors?) -> [UInt32] {
        [factors!.users!, factors!.items].flatMap { matrix in
            (0..<matrix.rows).flatMap { row in (0..<matrix.stride).map { matrix.row(row)[$0].bitPattern } }
        }
    }

    /// The loss of the type's comment, in double precision, summed plainly.
    func loss(_ model: ImplicitALS, _ factors: Factors) -> Double {
        let (users, items) = (factors.users!, factors.items)
        func score(_ user: Int, _ item: Int) -> Double {
            (0..<model.factors).reduce(0) { $0 + Double(users[user, $1]) * Double(items[item, $1]) }
        }
        func square(_ matrix: Matrix, _ row: Int) -> Double {
            (0..<model.factors).reduce(0) { $0 + Double(matrix[row, $1]) * Double(matrix[row, $1]) }
        }
        let turned = data.transposed()
        var sum = 0.0
        for user in 0..<data.rows {
            for item in 0..<data.columns {
                sum += Double(model.unobservedWeight) * score(user, item) * score(user, item)
            }
            for n in data.range(of: user) {
                let miss = 1 - score(user, Int(data.indices[n]))
                sum += Double(model.alpha * data.weights[n]) * miss * miss
            }
            sum += Double(model.ridge(count: data.range(of: user).count, others: data.columns)) * square(users, user)
        }
        for item in 0..<data.columns {
            sum += Double(model.ridge(count: turned.range(of: item).count, others: data.rows)) * square(items, item)
        }
        return sum
    }

    /// One block of all columns is a Newton step on a quadratic: the minimum itself.
    @Test(arguments: [10, 40]) func oneBlockIsExact(factors: Int) throws {
        let exact = try #require(Self.model(.cholesky, factors: factors).train(data))
        let blocks = try #require(Self.model(.blocks(size: factors), factors: factors).train(data))
        for item in 0..<data.columns {
            for column in 0..<factors { #expect(abs(exact.items[item, column] - blocks.items[item, column]) < 1e-3) }
        }
    }

    /// Blocks of 16 of 40 columns, the last one narrower, come to the same loss after some sweeps.
    @Test func smallBlocksComeToTheSameLoss() throws {
        var (exact, blocks) = (Self.model(.cholesky, factors: 40), Self.model(.blocks(size: 16), factors: 40))
        exact.sweeps = 12
        blocks.sweeps = 12
        let best = loss(exact, try #require(exact.train(data)))
        #expect(loss(blocks, try #require(blocks.train(data))) < 1.02 * best)
    }

    @Test(arguments: [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 3), .blocks(size: 16)])
    func everySweepLowersTheLoss(solver: ImplicitALS.Solver) throws {
        var model = Self.model(solver)
        model.alpha = 2
        var last = Double.infinity
        for sweeps in 1...5 {
            model.sweeps = sweeps
            let value = loss(model, try #require(model.train(data)))
            #expect(value < last)
            last = value
        }
    }

    /// The items of the last half sweep are the minimum for the users there are: moving any coordinate raises the loss.
    @Test func exactItemsAreAMinimum() throws {
        let model = Self.model(.cholesky, factors: 6)
        let factors = try #require(model.train(data))
        let best = loss(model, factors)
        for (item, column, step) in [(0, 0, Float(0.02)), (17, 3, -0.02), (60, 5, 0.02)] {
            var moved = factors
            moved.items[item, column] += step
            #expect(loss(model, moved) > best)
        }
    }

    /// Users who touched items at zero alone would be solved to zero, and their items by them: those start at random. What a
    /// lone user says of a lone item is less than the ridge: it goes back to zero, as its noise would only mislead.
    @Test(arguments: [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 3), .blocks(size: 16)])
    func itemsThatStartAtZeroAreLearnt(solver: ImplicitALS.Solver) throws {
        var model = Self.model(solver, factors: 8)
        model.sweeps = 3
        let zeros = Factors(users: nil, items: Matrix(rows: data.columns, columns: 8))
        #expect(Self.bits(model.train(data, from: zeros)) == Self.bits(model.train(data)))
        // Items 0 and 1 have users in common, 2 to 5 have others, 6 has one.
        var pairs: [(row: Int32, column: Int32, weight: Float)] = [(0, 0, 1), (0, 1, 1), (1, 0, 1), (22, 6, 1)]
        for user in Int32(2)..<22 { pairs += (Int32(2)..<6).map { (row: user, column: $0, weight: 1) } }
        let few = Interactions(rows: 23, columns: 7, pairs: pairs, merge: .max)
        var earlier = Factors(users: nil, items: Matrix(rows: 7, columns: 8))
        earlier.items[0, 3] = 0.5
        model.regularization = 0.6
        let learnt = try #require(model.train(few, from: earlier)).items
        #expect((0..<7).map { learnt.isZero(row: $0) } == [false, false, false, false, false, false, true])
    }

    /// Three steps a sweep, as they are by default, are as good as solving after 14 sweeps, with up to a quarter as many
    /// factors as items; with half as many they are some per cent behind.
    @Test(arguments: [(6, Float(0.1)), (10, 0.1), (16, 0.1), (10, 0.02)])
    func conjugateGradientsComeToTheLossOfExactSweeps(factors: Int, unobserved: Float) throws {
        var (exact, iterated) = (Self.model(.cholesky, factors: factors), ImplicitALS())
        #expect(iterated.solver == .conjugateGradient(steps: 3))
        (exact.sweeps, exact.unobservedWeight) = (14, unobserved)
        (iterated.factors, iterated.sweeps, iterated.unobservedWeight) = (factors, 14, unobserved)
        let best = loss(exact, try #require(exact.train(data)))
        let value = loss(iterated, try #require(iterated.train(data)))
        #expect(value < 1.005 * best, "\(value) beside \(best)")
    }

    @Test func manyStepsOfConjugateGradientsAreExact() throws {
        let exact = try #require(Self.model(.cholesky).train(data))
        let iterated = try #require(Self.model(.conjugateGradient(steps: 20)).train(data))
        for item in 0..<data.columns {
            for column in 0..<10 { #expect(abs(exact.items[item, column] - iterated.items[item, column]) < 2e-3) }
        }
    }

    @Test(arguments: [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 3), .blocks(size: 16)])
    func threadsLeaveNoTrace(solver: ImplicitALS.Solver) {
        var model = Self.model(solver, factors: 20)
        let two = Self.bits(model.train(data))
        model.threads = 1
        #expect(Self.bits(model.train(data)) == two)
        model.threads = 5
        #expect(Self.bits(model.train(data)) == two)
        model.seed = 2
        #expect(Self.bits(model.train(data)) != two)
    }

    @Test func findsThePlantedKinds() throws {
        let factors = try #require(Self.model(.conjugateGradient(steps: 3), factors: 2).train(data))
        var right = 0
        for user in 0..<data.rows {
            let scores = (0..<data.columns).map {
                Kernels.best.dot(factors.users!.row(user), factors.items.row($0), length: factors.items.stride)
            }
            let seen = data.indices[data.range(of: user)]
            let unseen = scores.indices.filter { !seen.contains(Int32($0)) }
            let best = unseen.sorted { scores[$0] > scores[$1] }.prefix(5)
            right += best.count { $0 % 2 == user % 2 }
        }
        #expect(Double(right) > 0.97 * Double(5 * data.rows))
    }

    @Test func aWarmStartGoesOnFromWhereItWas() throws {
        var model = Self.model(.conjugateGradient(steps: 3))
        let first = try #require(model.train(data))
        model.sweeps = 1
        let warm = loss(model, try #require(model.train(data, from: first)))
        let cold = loss(model, try #require(model.train(data)))
        #expect(warm < loss(model, first) && warm < cold)
        // Rows that came later start at random; the model still learns them.
        let grown = planted(users: 100, items: 70, seed: 9)
        let factors = try #require(model.train(grown, from: first))
        #expect(factors.users?.rows == 100 && factors.items.rows == 70)
        #expect((0..<10).contains { factors.items[69, $0] != 0 })
    }

    @Test func projectionIsASweepsOwn() throws {
        let model = Self.model(.cholesky)
        let factors = try #require(model.train(data))
        let projected = try #require(model.project(data, onto: factors.items))
        var next = model
        next.sweeps = 1
        let again = try #require(next.train(data, from: factors))
        for user in 0..<data.rows {
            #expect((0..<10).allSatisfy { projected[user, $0] == again.users![user, $0] })
        }
    }

    @Test func cancellingStopsItAndProgressIsTold() {
        var told: [Double] = []
        let model = Self.model(.cholesky)
        #expect(model.train(data, progress: { told.append($0) }, isCancelled: { true }) == nil)
        #expect(told.isEmpty)
        _ = model.train(data, progress: { told.append($0) })
        #expect(told == [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1])
    }

    @Test func ridgeFollowsTheFormula() {
        var model = ImplicitALS()
        model.regularization = 0.5
        model.unobservedWeight = 0.25
        #expect(model.ridge(count: 3, others: 8) == 2.5)
        model.frequencyExponent = 0.5
        #expect(abs(model.ridge(count: 2, others: 8) - 1) < 1e-6)
        model.frequencyExponent = 0
        #expect(model.ridge(count: 2, others: 8) == 0.5)
    }

    @Test func rowsWithoutInteractionsAreZero() throws {
        let sparse = Interactions(rows: 3, columns: 4, pairs: [(0, 1, 1), (2, 1, 1)])
        for solver in [ImplicitALS.Solver.cholesky, .conjugateGradient(steps: 30)] {
            let factors = try #require(Self.model(solver, factors: 3).train(sparse))
            #expect((0..<3).allSatisfy { abs(factors.users![1, $0]) < 1e-5 && abs(factors.items[3, $0]) < 1e-5 })
        }
    }
}
