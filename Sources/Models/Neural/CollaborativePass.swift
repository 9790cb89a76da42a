internal import Linear

/// The numbers of one batch on their way through a `CollaborativeNetwork` and back.
struct CollaborativePass {
    /// One number and its gradient for each place of a layer.
    private struct Batch {
        var values: Matrix
        var gradient: Matrix

        init(rows: Int, columns: Int) {
            values = Matrix(rows: rows, columns: columns)
            gradient = values
        }
    }

    private var users: Batch
    private var items: Batch
    /// What goes into the tower's layers, the first of them concatenated embeddings, and what comes out of the last.
    private var tower: [Batch]
    /// What goes into the output.
    private var joined: Batch
    private var output: Batch
    private var count = 0

    /// - Parameter batch: the largest number of rows that is asked for.
    init(_ network: CollaborativeNetwork, batch: Int) {
        let rows = DenseLayer.padded(batch)
        users = Batch(rows: rows, columns: network.productWidth)
        items = users
        tower =
            network.tower.map { tower in
                [Batch(rows: rows, columns: 2 * tower.embeddings.items.stride)]
                    + tower.layers.map { Batch(rows: rows, columns: $0.outputs) }
            } ?? []
        joined = Batch(rows: rows, columns: network.output.inputs)
        output = Batch(rows: rows, columns: 1)
    }

    /// The outputs of pairs of users and items, batch × 1, not yet through the sigmoid.
    mutating func forward(
        _ network: CollaborativeNetwork, users userRows: UnsafeBufferPointer<Int32>,
        items itemRows: UnsafeBufferPointer<Int32>
    ) -> Matrix {
        precondition(userRows.count == itemRows.count)
        count = userRows.count
        if let product = network.product {
            product.users.gather(userRows, into: &users.values)
            product.items.gather(itemRows, into: &items.values)
            multiply(users.values, items.values)
        }
        if let network = network.tower {
            network.embeddings.users.gather(userRows, into: &tower[0].values)
            network.embeddings.items.gather(itemRows, into: &tower[0].values, at: network.embeddings.users.stride)
            for (place, layer) in network.layers.enumerated() {
                layer.forward(tower[place].values, into: &tower[place + 1].values, count: count)
                Rectifier.forward(&tower[place + 1].values, count: count)
            }
            joined.values.copy(
                tower[tower.count - 1].values, count: count, at: users.values.stride,
                columns: tower[tower.count - 1].values.stride)
        }
        network.output.forward(joined.values, into: &output.values, count: count)
        return output.values
    }

    /// Leaves the gradients of the batch that went forward last in the network.
    mutating func backward(
        _ network: inout CollaborativeNetwork, users userRows: UnsafeBufferPointer<Int32>,
        items itemRows: UnsafeBufferPointer<Int32>, targets: UnsafeBufferPointer<Float>, loss: Loss
    ) {
        precondition(userRows.count == count && itemRows.count == count && targets.count == count)
        loss.differentiate(output.values, targets, into: &output.gradient)
        network.output.backward(joined.values, output.gradient, into: &joined.gradient, count: count)
        if network.product != nil {
            multiplyGradients()
            network.product!.users.backward(userRows, users.gradient)
            network.product!.items.backward(itemRows, items.gradient)
        }
        if network.tower != nil {
            let last = tower.count - 1
            tower[last].gradient.copy(
                joined.gradient, count: count, from: users.values.stride, columns: tower[last].values.stride)
            for place in network.tower!.layers.indices.reversed() {
                Rectifier.backward(tower[place + 1].values, &tower[place + 1].gradient, count: count)
                let gradient = tower[place + 1].gradient
                network.tower!.layers[place].backward(
                    tower[place].values, gradient, into: &tower[place].gradient, count: count)
            }
            let half = network.tower!.embeddings.users.stride
            network.tower!.embeddings.users.backward(userRows, tower[0].gradient)
            network.tower!.embeddings.items.backward(itemRows, tower[0].gradient, at: half)
        }
    }

    /// The product of users' and items' vectors, to the left in what goes into the output.
    private mutating func multiply(_ a: Matrix, _ b: Matrix) {
        let (count, size, width) = (count, a.stride, joined.values.stride)
        joined.values.withUnsafeMutableBase { out in
            let (a, b) = (a.base, b.base)
            for row in 0..<count {
                Elementwise.multiply(a + row * size, b + row * size, into: out + row * width, length: size)
            }
        }
        withExtendedLifetime((a, b)) {}
    }

    private mutating func multiplyGradients() {
        let (left, right) = (users.values, items.values)
        Self.multiply(joined.gradient, right, into: &users.gradient, count: count)
        Self.multiply(joined.gradient, left, into: &items.gradient, count: count)
    }

    /// The leading columns of `above` times those of `other`.
    private static func multiply(_ above: Matrix, _ other: Matrix, into out: inout Matrix, count: Int) {
        let (size, width) = (out.stride, above.stride)
        out.withUnsafeMutableBase { out in
            let (above, other) = (above.base, other.base)
            for row in 0..<count {
                Elementwise.multiply(above + row * width, other + row * size, into: out + row * size, length: size)
            }
        }
        withExtendedLifetime((above, other)) {}
    }
}

extension Matrix {
    /// Takes columns of another's first rows.
    fileprivate mutating func copy(
        _ other: Matrix, count: Int, from start: Int = 0, at column: Int = 0, columns: Int
    ) {
        precondition(start + columns <= other.stride && column + columns <= stride && count <= min(rows, other.rows))
        let width = stride
        withUnsafeMutableBase { base in
            let (source, step) = (other.base + start, other.stride)
            for row in 0..<count { (base + row * width + column).update(from: source + row * step, count: columns) }
        }
        withExtendedLifetime(other) {}
    }
}
