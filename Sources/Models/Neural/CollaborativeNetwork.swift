internal import Linear

/// The network of He et al. 2017: a product of embeddings, a tower of dense layers on concatenated embeddings, or both side
/// by side, and one output on top of them. Without the other, the product is GMF and the tower MLP; both are NeuMF.
struct CollaborativeNetwork: Sendable {
    /// A vector for each user and each item.
    struct Embeddings: Sendable {
        var users: EmbeddingTable
        var items: EmbeddingTable
    }

    /// A tower with its own embeddings.
    struct Tower: Sendable {
        var embeddings: Embeddings
        /// Each but the output is followed by a rectifier.
        var layers: [DenseLayer]
    }

    /// Sizes of a network.
    struct Shape: Sendable, Equatable {
        /// Length of the vectors whose product is taken; 0 for no product.
        var factors: Int
        /// Outputs of the tower's layers, the first of them with vectors of half as many beneath; empty for no tower.
        var layers: [Int]
    }

    var product: Embeddings?
    var tower: Tower?
    /// On the product's numbers, and after them the tower's.
    var output: DenseLayer

    init(product: Embeddings?, tower: Tower?, output: DenseLayer) {
        self.product = product
        self.tower = tower
        self.output = output
        precondition(output.inputs == productWidth + towerWidth && output.outputs == 1)
    }

    /// Normal embeddings of deviation 0.01 and uniform weights.
    init(_ shape: Shape, users: Int, items: Int, seed: UInt64) {
        var random = RandomStream(seed: seed)
        func embeddings(_ columns: Int) -> Embeddings {
            Embeddings(
                users: EmbeddingTable(rows: users, columns: columns, deviation: 0.01, random: &random),
                items: EmbeddingTable(rows: items, columns: columns, deviation: 0.01, random: &random))
        }
        var parts: [Range<Int>] = []
        var width = 0
        if shape.factors > 0 {
            let product = embeddings(shape.factors)
            self.product = product
            parts.append(0..<shape.factors)
            width += product.items.stride
        }
        if let first = shape.layers.first {
            let embeddings = embeddings(max(1, first / 2))
            let (columns, stride) = (embeddings.items.table.values.columns, embeddings.items.stride)
            var inputs = [0..<columns, stride..<(stride + columns)]
            var inputWidth = 2 * stride
            var layers: [DenseLayer] = []
            for outputs in shape.layers.dropFirst() {
                layers.append(
                    DenseLayer(
                        parts: inputs, inputs: inputWidth, outputs: outputs, isLast: false, random: &random))
                inputs = [0..<outputs]
                inputWidth = layers[layers.count - 1].weights.values.stride
            }
            parts += inputs.map { width + $0.lowerBound..<width + $0.upperBound }
            width += inputWidth
            tower = Tower(embeddings: embeddings, layers: layers)
        }
        output = DenseLayer(parts: parts, inputs: width, outputs: 1, isLast: true, random: &random)
    }

    var shape: Shape {
        let layers = tower.map { tower in
            [2 * tower.embeddings.items.table.values.columns] + tower.layers.map(\.outputs)
        }
        return Shape(factors: product?.items.table.values.columns ?? 0, layers: layers ?? [])
    }

    /// Inputs of the output that the product has, with padding.
    var productWidth: Int { product?.items.stride ?? 0 }

    /// Inputs of the output that the tower has, with padding.
    var towerWidth: Int {
        guard let tower else { return 0 }
        return tower.layers.last?.weights.values.stride ?? 2 * tower.embeddings.items.stride
    }

    var itemCount: Int { (product ?? tower?.embeddings)?.items.table.values.rows ?? 0 }
    var userCount: Int { (product ?? tower?.embeddings)?.users.table.values.rows ?? 0 }

    /// One that learns nothing and takes no room for it; with other users, who learn, where they are given.
    func frozen(users: (product: Matrix?, tower: Matrix?)? = nil) -> CollaborativeNetwork {
        func frozen(_ embeddings: Embeddings, _ users: Matrix??) -> Embeddings {
            let table = users.flatMap { $0 }.map { EmbeddingTable($0) }
            return Embeddings(users: table ?? embeddings.users.frozen(), items: embeddings.items.frozen())
        }
        return CollaborativeNetwork(
            product: product.map { frozen($0, users?.product) },
            tower: tower.map {
                Tower(embeddings: frozen($0.embeddings, users?.tower), layers: $0.layers.map { $0.frozen() })
            },
            output: output.frozen())
    }

    /// Takes a step along the gradients that a pass has left here.
    mutating func update(_ optimizer: inout Optimizer) {
        optimizer.beginStep()
        if product != nil {
            optimizer.update(&product!.users)
            optimizer.update(&product!.items)
        }
        if tower != nil {
            optimizer.update(&tower!.embeddings.users)
            optimizer.update(&tower!.embeddings.items)
            for layer in tower!.layers.indices { optimizer.update(&tower!.layers[layer]) }
        }
        optimizer.update(&output)
    }
}
