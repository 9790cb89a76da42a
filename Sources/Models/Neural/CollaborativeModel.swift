public import Events
internal import Linear

/// What GMF, MLP and NeuMF learn: a network. A user of the histories has embeddings; another one starts as the mean of them
/// all, and takes steps of Adam towards the items of the history and away from others, with all else standing still. One
/// without items stays the mean.
public struct CollaborativeModel: DescentModel {
    let network: CollaborativeNetwork
    /// Untouched items an item of a user who is folded in.
    let negatives: Int
    private let means: (product: Matrix?, tower: Matrix?)

    /// Steps for a user who is folded in, each with all the items.
    private static let steps = 40
    private static let rate: Float = 0.03
    /// Pairs that are scored at once.
    private static let batch = 256
    /// A user's items that are folded in: the newest.
    private static let itemsMax = 200

    init(_ network: CollaborativeNetwork, negatives: Int) {
        self.network = network.frozen()
        self.negatives = negatives
        means = (
            network.product.map { $0.users.table.values.meanRow() },
            network.tower.map { $0.embeddings.users.table.values.meanRow() }
        )
    }

    public var itemCount: Int { network.itemCount }
    public var isFinite: Bool { matrices.allSatisfy(\.isFinite) }

    public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
        if let known = user.user, known < network.userCount {
            score(network, user: Int32(known), into: scores)
        } else {
            score(folded(user), user: 0, into: scores)
        }
    }

    /// The network's outputs, before the sigmoid, which orders no differently.
    private func score(
        _ network: CollaborativeNetwork, user: Int32, into scores: UnsafeMutableBufferPointer<Float>
    ) {
        var pass = CollaborativePass(network, batch: min(Self.batch, max(1, itemCount)))
        let users = [Int32](repeating: user, count: Self.batch)
        for start in stride(from: 0, to: itemCount, by: Self.batch) {
            let items = (start..<min(start + Self.batch, itemCount)).map { Int32($0) }
            let outputs = items.withUnsafeBufferPointer { items in
                users.withUnsafeBufferPointer { users in
                    pass.forward(network, users: UnsafeBufferPointer(rebasing: users[..<items.count]), items: items)
                }
            }
            for row in items.indices { scores[start + row] = outputs[row, 0] }
        }
    }

    /// A network whose one user is that of the history.
    private func folded(_ user: UserHistory) -> CollaborativeNetwork {
        var network = network.frozen(users: means)
        let own = user.items.prefix(Self.itemsMax).sorted()
        guard !own.isEmpty, user.items.count < itemCount else { return network }
        let history = Interactions(own, columns: itemCount)
        // The draws depend on the history alone, so one history has one list.
        let seed = own.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) }
        let training = NetworkTraining(
            epochs: Self.steps, batch: own.count * (1 + negatives), negatives: negatives, seed: seed)
        _ = training.run(
            &network, history, without: Interactions(user.items, columns: itemCount),
            Optimizer(.adam, rate: Self.rate), progress: { _ in }, isCancelled: { false })
        return network
    }

    /// The cosine of the items' embeddings, of all that there are.
    public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
        let tables = [network.product?.items, network.tower?.embeddings.items].compactMap { $0?.table.values }
        func product(_ a: Int, _ b: Int) -> Float {
            tables.reduce(0) { $0 + Kernels.best.dot($1.row(a), $1.row(b), length: $1.stride) }
        }
        let norm = product(item, item).squareRoot()
        for other in scores.indices {
            let size = norm * product(other, other).squareRoot()
            scores[other] = size > 0 ? product(item, other) / size : 0
        }
    }

    // MARK: - Saving

    public func encode(to writer: ByteWriter) {
        writer.varint(negatives)
        writer.varint(network.product == nil ? 0 : 1)
        writer.varint(network.tower.map { $0.layers.count + 1 } ?? 0)
        for matrix in matrices { matrix.encode(to: writer) }
    }

    private var matrices: [Matrix] {
        var result: [Matrix] = []
        for embeddings in [network.product, network.tower?.embeddings] {
            guard let embeddings else { continue }
            result += [embeddings.users.table.values, embeddings.items.table.values]
        }
        for layer in (network.tower?.layers ?? []) + [network.output] {
            result += [layer.weights.values, layer.bias.values]
        }
        return result
    }

    public init(decoding reader: inout ByteReader) throws {
        let negatives = try reader.count(limit: 1000)
        let (hasProduct, towerLayers) = (try reader.count(limit: 1) == 1, try reader.count(limit: 64))
        func embeddings() throws -> CollaborativeNetwork.Embeddings {
            let (users, items) = (try Matrix(decoding: &reader), try Matrix(decoding: &reader))
            guard users.columns == items.columns else { throw ByteReader.Malformed(offset: reader.offset) }
            return .init(
                users: EmbeddingTable(users, isFrozen: true), items: EmbeddingTable(items, isFrozen: true))
        }
        func layer(inputs: Int) throws -> DenseLayer {
            let (weights, bias) = (try Matrix(decoding: &reader), try Matrix(decoding: &reader))
            guard weights.rows == inputs, bias.rows == 1, bias.columns == weights.columns else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            return DenseLayer(
                weights: LearntMatrix(weights, isFrozen: true), bias: LearntMatrix(bias, isFrozen: true))
        }
        let product = hasProduct ? try embeddings() : nil
        var tower: CollaborativeNetwork.Tower?
        var width = product?.items.stride ?? 0
        if towerLayers > 0 {
            let embeddings = try embeddings()
            var layers: [DenseLayer] = []
            var inputs = 2 * embeddings.items.stride
            for _ in 1..<towerLayers {
                layers.append(try layer(inputs: inputs))
                inputs = layers[layers.count - 1].weights.values.stride
            }
            tower = .init(embeddings: embeddings, layers: layers)
            width += inputs
        }
        let output = try layer(inputs: width)
        guard output.outputs == 1, product != nil || tower != nil else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        if let product, let tower {
            let (one, other) = (product.items.table.values.rows, tower.embeddings.items.table.values.rows)
            guard one == other else { throw ByteReader.Malformed(offset: reader.offset) }
        }
        self.init(CollaborativeNetwork(product: product, tower: tower, output: output), negatives: negatives)
    }
}

extension Matrix {
    /// The mean of all rows, as a matrix of one.
    func meanRow() -> Matrix {
        var mean = Matrix(rows: 1, columns: columns)
        guard rows > 0 else { return mean }
        let stride = stride
        mean.withUnsafeMutableBase { mean in
            for row in 0..<rows { Kernels.best.add(self.row(row), scaledBy: 1 / Float(rows), to: mean, length: stride) }
        }
        return mean
    }
}
