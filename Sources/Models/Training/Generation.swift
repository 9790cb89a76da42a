public import Events
public import Linear

/// What one training gave: item factors, item neighbours, and the settings to read them with. Immutable; swapped as a
/// whole between two batches.
public final class Generation: Sendable {
    /// Numbers grow by one with each generation that is published.
    public let number: Int
    public let manifest: GenerationManifest
    /// The identifiers of the items, one a row.
    public let items: [String]
    /// items × K.
    public let factors: Matrix
    /// What gives users their vectors, beside whose own item vectors `factors` stand around their mean; nil where it is the
    /// manifest's least squares.
    public let foldIn: (any FoldingModel)?
    /// Neighbours of each item by row, `neighboursPerItem` a row; −1 where there are fewer.
    public let neighbours: [Int32]
    /// The weight of each of `neighbours`, 0 where there is none.
    public let neighbourWeights: [Float]
    /// The length of a row of `neighbours`; 0 without any.
    public let neighboursPerItem: Int

    /// α₀HᵀH, which every projection by least squares starts from; empty where there is none.
    public let gram: Matrix
    /// Searches the factors exactly; equal products go by the bytes of the items' identifiers.
    public let index: InnerProductIndex

    /// Puts a generation together, computing its gram matrix and its index: work in the order of items × K², once for
    /// all that share them (`with`).
    public init(
        number: Int, manifest: GenerationManifest, items: [String], factors: Matrix,
        foldIn: (any FoldingModel)? = nil, neighbours: [Int32], neighbourWeights: [Float], neighboursPerItem: Int
    ) {
        precondition(items.count == factors.rows, "a row of factors for each item")
        precondition(
            foldIn.map { $0.itemCount == factors.rows && $0.ranking.items.columns == factors.columns } ?? true,
            "a model of the same items and columns")
        precondition(neighbours.count == items.count * neighboursPerItem, "neighbours for each item")
        self.number = number
        self.manifest = manifest
        self.items = items
        self.factors = factors
        self.foldIn = foldIn
        self.neighbours = neighbours
        self.neighbourWeights = neighbourWeights
        self.neighboursPerItem = neighboursPerItem
        gram =
            foldIn == nil
            ? factors.gram().scaled(by: Float(manifest.unobservedWeight)) : Matrix(rows: 0, columns: factors.columns)
        let sorted = items.indices.sorted { items[$0].utf8.lexicographicallyPrecedes(items[$1].utf8) }
        var ranks = [UInt32](repeating: 0, count: items.count)
        for (rank, row) in sorted.enumerated() { ranks[row] = UInt32(rank) }
        index = InnerProductIndex(factors, ranks: ranks)
    }

    /// The same with another number, or another manifest whose α₀ is the same.
    public func with(number: Int? = nil, manifest: GenerationManifest? = nil) -> Generation {
        Generation(self, number: number ?? self.number, manifest: manifest ?? self.manifest)
    }

    /// The same factors with other neighbours.
    func with(neighbours: WindowNeighbours) -> Generation {
        Generation(
            number: number, manifest: manifest, items: items, factors: factors, foldIn: foldIn,
            neighbours: neighbours.neighbours, neighbourWeights: neighbours.weights,
            neighboursPerItem: neighbours.perItem)
    }

    /// The same, said to have been trained when the items had learnt so many events.
    public func noting(events: Int) -> Generation {
        var manifest = manifest
        manifest.events = events
        return with(manifest: manifest)
    }

    private init(_ other: Generation, number: Int, manifest: GenerationManifest) {
        precondition(manifest.unobservedWeight == other.manifest.unobservedWeight, "the gram matrix depends on α₀")
        self.number = number
        self.manifest = manifest
        items = other.items
        factors = other.factors
        foldIn = other.foldIn
        neighbours = other.neighbours
        neighbourWeights = other.neighbourWeights
        neighboursPerItem = other.neighboursPerItem
        gram = other.gram
        index = other.index
    }

    /// λ(|I_u| + α₀|I|)^ν, the ridge of a user with `count` items (Rendle et al. 2021, frequency-scaled).
    public func ridge(interactions count: Int) -> Float {
        let frequency = Double(count) + manifest.unobservedWeight * Double(items.count)
        return Float(manifest.regularization * Deterministic.pow(frequency, manifest.regularizationExponent))
    }
}

/// What a generation says about itself.
public struct GenerationManifest: Sendable, Equatable {
    /// α, the weight of a rating.
    public var alpha = 1.0
    /// α₀, the weight of what was not touched.
    public var unobservedWeight = 0.1
    /// λ
    public var regularization = 0.01
    /// ν
    public var regularizationExponent = 1.0
    /// How much of the neighbours is likeness by category, price and brand, 0 … 1.
    public var likeness = 0.0
    /// How the learners are weighed with this generation.
    public var blend = BlendSettings()
    /// Users, items and (user, item) pairs that it was trained on.
    public var users = 0
    public var interactions = 0
    /// Events that the items had learnt when it was trained.
    public var events = 0
    /// The largest event time among them, in ms.
    public var latestTime: Int64 = 0
    /// Of the training that gave it.
    public var seed: UInt64 = 0
    /// What made it: `blend` for the service's own trainer, the name of an algorithm of the catalogue, or `import`.
    public var model = GenerationManifest.blendModel
    /// The algorithm's settings as `name=value`, so that it can be trained again.
    public var settings: [String] = []
    /// How many stretches the blend was fitted on, one after another.
    public var fits = 0

    /// The service's own trainer: implicit ALS and item neighbours, blended.
    public static let blendModel = "blend"
    /// Factors that came from outside.
    public static let importedModel = "import"

    public init() {}

    /// Whether two generations are of the same algorithm with the same settings; none from outside is. Manifests of the
    /// blend did not always name its settings: then nothing speaks for others.
    func isOfOneRecipe(with other: GenerationManifest) -> Bool {
        guard model == other.model, model != Self.importedModel else { return false }
        let isUnknown = model == Self.blendModel && (settings.isEmpty || other.settings.isEmpty)
        return isUnknown || settings == other.settings
    }
}

/// A generation as one process serves it: its rows by the numbers that the process gave the items.
public final class ServingGeneration {
    public let generation: Generation
    /// The row of each item number, −1 for items that the generation does not know. Empty until all rows are numbered.
    private var rows: [Int32] = []
    /// The item number of each row.
    private(set) var itemNumbers: [IdentifierTable.Number] = []

    /// Numbers all its rows at once; `init(unnumbered:)` leaves that for later, part by part.
    public init(_ generation: Generation, identifiers: IdentifierTable) {
        self.generation = generation
        _ = number(most: .max, identifiers)
    }

    /// One whose rows have no numbers yet: `number` gives them, a part at a time.
    public init(unnumbered generation: Generation) {
        self.generation = generation
        itemNumbers.reserveCapacity(generation.items.count)
    }

    /// Gives some more rows their numbers; true when all have theirs, and it can serve.
    public func number(most: Int, _ identifiers: IdentifierTable) -> Bool {
        for item in generation.items[itemNumbers.count...].prefix(most) {
            itemNumbers.append(identifiers.intern(item))
        }
        guard itemNumbers.count == generation.items.count else { return false }
        rows = Array(repeating: -1, count: identifiers.upperBound)
        for (row, item) in itemNumbers.enumerated() { rows[Int(item)] = Int32(row) }
        return true
    }

    func row(_ item: IdentifierTable.Number) -> Int32 { Int(item) < rows.count ? rows[Int(item)] : -1 }

    /// Asks for a row's neighbours ahead of their use.
    @inline(__always)
    func prefetchNeighbours(of row: Int32) {
        let (row, width) = (Int(row), generation.neighboursPerItem)
        guard row >= 0, width > 0 else { return }
        generation.neighbours.withUnsafeBufferPointer {
            Kernels.prefetch($0.baseAddress! + row * width, bytes: width * 4)
        }
        generation.neighbourWeights.withUnsafeBufferPointer {
            Kernels.prefetch($0.baseAddress! + row * width, bytes: width * 4)
        }
    }

    /// Adds `factor` times the weight of each neighbour of a row to the scores.
    func addNeighbours(of row: Int, times factor: Float, to scores: ScoreAccumulator) {
        let start = row * generation.neighboursPerItem
        generation.neighbours.withUnsafeBufferPointer { neighbours in
            generation.neighbourWeights.withUnsafeBufferPointer { weights in
                itemNumbers.withUnsafeBufferPointer { numbers in
                    for place in start..<(start + generation.neighboursPerItem) {
                        if neighbours[place] < 0 { break }
                        scores.add(numbers[Int(neighbours[place])], factor * weights[place])
                    }
                }
            }
        }
    }
}

extension Matrix {
    func scaled(by factor: Float) -> Matrix {
        var result = self
        result.withUnsafeMutableBase { base in
            for index in 0..<(rows * stride) { base[index] *= factor }
        }
        return result
    }
}
