internal import Events
public import Linear

/// Item factors that another library trained, made into a generation.
///
/// Users are projected on them anew (`FactorModel.Projection`), so only items are needed. Where the library's user
/// vectors are given too, they tell how users spread: with W the users and Σ = WᵀW / |W| = LLᵀ, the items become H·L, for
/// which users of that spread have unit variance in every direction, as the projection's ridge takes for granted. Scores
/// stay what they were.
///
/// α₀ and λ are chosen, and the learners' weights fitted, on interactions that come after those that the factors include.
public struct ImportedFactors: Sendable {
    /// items × K; with users, what they became by the users' spread.
    public let items: Matrix
    /// The identifier of each row of the items.
    public let ids: [String]
    /// The items' mean squared length.
    private let scale: Double

    /// What is wrong with what was given.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// α₀, and λ as a share of the items' mean squared length, so that the library's scale does not matter.
    private static let projections: [(unobserved: Float, ridge: Float)] =
        [0.02, 0.1, 0.5].flatMap { unobserved in
            [0.001, 0.01, 0.1].map { (unobserved: Float(unobserved), ridge: Float($0)) }
        }

    /// - Throws: sizes that do not fit, items that are all alike, identifiers that are empty or double, users that all lie in few
    ///   directions, numbers that nothing can be ranked by.
    public init(items: Matrix, users: Matrix?, ids: [String]) throws(Failure) {
        guard items.rows == ids.count else {
            throw Failure("there are \(items.rows) rows of factors and \(ids.count) ids: one line an item is needed")
        }
        guard items.rows > 0, 1...1024 ~= items.columns else {
            throw Failure(
                "factors of \(items.rows) × \(items.columns) cannot be served: at least one item, K up to 1024")
        }
        // By their bytes: equal strings may be spelled in two ways, and are two items then.
        var known = Set<[UInt8]>(minimumCapacity: ids.count)
        for (line, id) in ids.enumerated() {
            guard !id.isEmpty else { throw Failure("line \(line + 1) of the ids is empty") }
            guard known.insert(Array(id.utf8)).inserted else {
                throw Failure("the id '\(id)' in line \(line + 1) is there twice")
            }
        }
        // One item alone has none to be told from.
        let areAlike = (1..<items.rows).allSatisfy { row in
            (0..<items.columns).allSatisfy { items[row, $0] == items[0, $0] }
        }
        guard !areAlike || (items.rows == 1 && !items.isZero(row: 0)) else {
            throw Failure("all \(items.rows) items have the same factors, which tell none from another")
        }
        self.ids = ids
        guard let users else {
            self.items = items
            scale = try Self.scale(items)
            return
        }
        guard users.columns == items.columns else {
            throw Failure("users have \(users.columns) columns and items \(items.columns): they must be of one model")
        }
        // What is not finite would make a spread of nothing but such numbers.
        _ = try Self.scale(users, of: "the users' factors")
        guard users.rows > 0, let root = Self.choleskyFactor(users) else {
            throw Failure("the users' vectors lie in fewer than \(users.columns) directions: leave --users out")
        }
        self.items = Self.product(items, root)
        scale = try Self.scale(self.items, of: "the factors, scaled by the users' spread,")
    }

    /// The mean squared length of the rows, summed so that no square is too large for it.
    /// - Throws: where a number is not finite, or their products would not be: λ follows from the length, and every projection
    ///   sums products of them, in single precision.
    private static func scale(_ matrix: Matrix, of name: String = "the factors") throws(Failure) -> Double {
        var sum = 0.0
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns {
                let value = Double(matrix[row, column])
                sum += value * value
            }
        }
        guard sum.isFinite else { throw Failure("\(name) hold values that are not finite") }
        guard sum < squaresEnd else {
            throw Failure(
                "\(name) are too large to be ranked by: the sum of their squares is \(sum); divide all by one number")
        }
        return sum / Double(matrix.rows)
    }

    /// Far from the largest number of single precision: sums of products stay below it.
    private static let squaresEnd = 1e30

    /// The generation.
    ///
    /// - Parameters:
    ///   - time: the largest event time that the factors include, in ms; what came later chooses the settings. A time after
    ///     all events says no more than the last one's: nothing could be compared with such a generation for so long.
    /// - Returns: a generation that says to include everything up to the end of the stretch that its settings were chosen
    ///   on, the first half of what came later; nil when cancelled.
    public func generation(
        _ histories: TrainingHistories, until time: Int64, settings: TrainingSettings,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Generation? {
        let later = histories.times.filter { $0 > time }.sorted()
        let end = later.isEmpty ? min(time, histories.latestTime) : later[(later.count - 1) / 2]
        let replay = HeldOutReplay(histories.until(end), settings: settings)
        var manifest = GenerationManifest()
        manifest.model = GenerationManifest.importedModel
        manifest.interactions = histories.until(time).count
        manifest.users = histories.userCount
        manifest.latestTime = end
        var best: (generation: Generation, fit: BlendFit?, quality: Double)?
        for choice in Self.projections {
            var projection = FactorModel.Projection()
            projection.unobservedWeight = choice.unobserved
            projection.regularization = choice.ridge * max(Float(scale), .leastNormalMagnitude)
            let trial = Generation(
                ServedParts(factors: (items, .leastSquares(projection))), items: ids, manifest: manifest,
                keepsBlend: false)
            let cases = replay.cases(
                after: time, generation: trial, blend: trial.manifest.blend, isCancelled: isCancelled)
            if isCancelled() { return nil }
            let fit = cases.count >= BlendFit.casesMin ? BlendFit(cases) : nil
            let quality = fit?.ndcgOfFactors(length: 20) ?? 0
            if best == nil || quality > best?.quality ?? 0 { best = (trial, fit, quality) }
            if fit == nil { break }
        }
        guard let best else { return nil }
        var fitted = best.generation.manifest
        if let blend = best.fit?.fitted(from: fitted.blend, fits: 0) { (fitted.blend, fitted.fits) = (blend, 1) }
        return best.generation.with(manifest: fitted)
    }

    // MARK: - Users' spread

    /// The lower triangle L with LLᵀ = WᵀW / |W|; nil where that is singular.
    static func choleskyFactor(_ users: Matrix) -> [Double]? {
        let width = users.columns
        var lower = [Double](repeating: 0, count: width * width)
        lower.withUnsafeMutableBufferPointer { lower in
            for row in 0..<users.rows {
                let user = users.row(row)
                for i in 0..<width {
                    let value = Double(user[i])
                    for j in 0...i { lower[i &* width &+ j] += value * Double(user[j]) }
                }
            }
        }
        let largest = (0..<width).map { lower[$0 * width + $0] }.max() ?? 0
        for i in 0..<width {
            for j in 0...i {
                var sum = lower[i * width + j]
                for k in 0..<j { sum -= lower[i * width + k] * lower[j * width + k] }
                if i == j {
                    guard sum > 1e-9 * largest else { return nil }
                    lower[i * width + i] = sum.squareRoot()
                } else {
                    lower[i * width + j] = sum / lower[j * width + j]
                }
            }
        }
        let scale = 1 / Double(users.rows).squareRoot()
        return lower.map { $0 * scale }
    }

    private static func product(_ items: Matrix, _ lower: [Double]) -> Matrix {
        let width = items.columns
        var result = Matrix(rows: items.rows, columns: width)
        let stride = result.stride
        result.withUnsafeMutableBase { base in
            for row in 0..<items.rows {
                for column in 0..<width {
                    var sum = 0.0
                    for k in column..<width { sum += Double(items.row(row)[k]) * lower[k * width + column] }
                    base[row * stride + column] = Float(sum)
                }
            }
        }
        return result
    }
}
