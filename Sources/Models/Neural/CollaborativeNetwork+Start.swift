internal import Linear

extension CollaborativeNetwork {
    /// A network to train: random, or, where an earlier one has the same shape, with its layers and the vectors of the items
    /// that it knew. Users start anew, since rows of users say nothing of who they are.
    static func start(
        _ shape: Shape, _ interactions: Interactions, from earlier: EarlierModel<CollaborativeModel>?, seed: UInt64
    ) -> CollaborativeNetwork {
        var network = CollaborativeNetwork(shape, users: interactions.rows, items: interactions.columns, seed: seed)
        guard let earlier, earlier.model.network.shape == shape else { return network }
        let known = earlier.model.network
        precondition(earlier.rows.count == interactions.columns)
        if let product = known.product {
            network.product?.items.take(product.items, rows: earlier.rows)
        }
        if let tower = known.tower {
            network.tower?.embeddings.items.take(tower.embeddings.items, rows: earlier.rows)
            network.tower?.layers = tower.layers.map { $0.learning() }
        }
        network.output = known.output.learning()
        return network
    }

    /// NeuMF from a trained GMF and MLP: their embeddings and layers, and an output whose inputs from the one count α and
    /// those from the other 1 − α.
    static func joining(
        _ product: CollaborativeNetwork, _ tower: CollaborativeNetwork, share: Float
    ) -> CollaborativeNetwork {
        precondition(product.tower == nil && tower.product == nil)
        let (first, second) = (product.output, tower.output)
        var weights = Matrix(rows: first.inputs + second.inputs, columns: 1)
        for row in 0..<first.inputs { weights[row, 0] = share * first.weights.values[row, 0] }
        for row in 0..<second.inputs {
            weights[first.inputs + row, 0] = (1 - share) * second.weights.values[row, 0]
        }
        var bias = Matrix(rows: 1, columns: 1)
        bias[0, 0] = share * first.bias.values[0, 0] + (1 - share) * second.bias.values[0, 0]
        func learning(_ embeddings: Embeddings) -> Embeddings {
            Embeddings(
                users: EmbeddingTable(embeddings.users.table.values),
                items: EmbeddingTable(embeddings.items.table.values))
        }
        return CollaborativeNetwork(
            product: product.product.map(learning),
            tower: tower.tower.map {
                Tower(embeddings: learning($0.embeddings), layers: $0.layers.map { $0.learning() })
            },
            output: DenseLayer(weights: LearntMatrix(weights), bias: LearntMatrix(bias)))
    }
}

extension EmbeddingTable {
    /// Takes the rows of another, where a row is not negative.
    mutating func take(_ other: EmbeddingTable, rows: [Int32]) {
        precondition(rows.count == table.values.rows && other.stride == stride)
        let (source, size) = (other.table.values, stride)
        table.values.withUnsafeMutableBase { base in
            for (row, before) in rows.enumerated() where before >= 0 {
                (base + row * size).update(from: source.row(Int(before)), count: size)
            }
        }
    }
}

extension DenseLayer {
    /// The same numbers, to be learnt on.
    func learning() -> DenseLayer {
        DenseLayer(weights: LearntMatrix(weights.values), bias: LearntMatrix(bias.values))
    }
}
