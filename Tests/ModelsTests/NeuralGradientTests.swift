import Events
import Linear
import Testing

@testable import Models

/// Each layer's gradients, and those of each model's loss, against differences of the loss itself.
@Suite struct NeuralGradientTests {
    static func random(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
        var random = RandomStream(seed: seed)
        var matrix = Matrix(rows: rows, columns: columns)
        matrix.fill(0..<rows) { random.normal() }
        return matrix
    }

    /// `Σ a · b` over the columns of the first rows.
    static func sum(_ a: Matrix, _ b: Matrix, rows: Int) -> Double {
        (0..<rows).reduce(0.0) { sum, row in
            (0..<a.columns).reduce(sum) { $0 + Double(a[row, $1]) * Double(b[row, $1]) }
        }
    }

    /// Compares a gradient with the differences that changes of single numbers make in the loss. Where a rectifier's bend
    /// lies within the change the difference is wrong, so a few of all numbers may be.
    static func check(
        _ values: Matrix, _ gradient: Matrix, _ name: String, loss: (Matrix) -> Double
    ) {
        var (wrong, count) = (0, 0)
        for row in 0..<values.rows {
            for column in 0..<values.columns {
                let step: Float = 4e-3
                var (above, below) = (values, values)
                above[row, column] += step
                below[row, column] -= step
                let width = Double(above[row, column]) - Double(below[row, column])
                let slope = (loss(above) - loss(below)) / width
                let difference = abs(slope - Double(gradient[row, column]))
                if difference > 2e-3 + 0.01 * abs(slope) { wrong += 1 }
                count += 1
            }
        }
        #expect(count > 0 && wrong * 50 <= count, "\(name): \(wrong) of \(count) slopes differ")
    }

    @Test func denseLayer() {
        let (batch, inputs, outputs) = (11, 16, 5)
        var random = RandomStream(seed: 1)
        var layer = DenseLayer(parts: [0..<13], inputs: inputs, outputs: outputs, isLast: false, random: &random)
        layer.bias.values = Self.random(1, outputs, 2)
        var input = Self.random(16, inputs, 3)
        for row in 0..<16 { for column in 13..<16 { input[row, column] = 0 } }
        let pull = Self.random(16, outputs, 4)
        func loss(_ layer: DenseLayer, _ input: Matrix) -> Double {
            var output = Matrix(rows: 16, columns: outputs)
            layer.forward(input, into: &output, count: batch)
            return Self.sum(output, pull, rows: batch)
        }
        var gradient = Matrix(rows: 16, columns: inputs)
        layer.backward(input, pull, into: &gradient, count: batch)
        let trained = layer
        Self.check(trained.weights.values, trained.weights.gradient, "weights") {
            loss(DenseLayer(weights: LearntMatrix($0), bias: trained.bias), input)
        }
        Self.check(trained.bias.values, trained.bias.gradient, "biases") {
            loss(DenseLayer(weights: trained.weights, bias: LearntMatrix($0)), input)
        }
        // Rows behind the batch have no gradient.
        var masked = gradient
        for row in batch..<16 { for column in 0..<inputs { masked[row, column] = 0 } }
        Self.check(input, masked, "input") { loss(trained, $0) }
    }

    @Test func rectifierAndDropout() {
        let input = Self.random(8, 20, 5)
        let pull = Self.random(8, 20, 6)
        let dropout = Dropout(probability: 0.3, batch: 8, columns: 20, seed: 9)
        func run(_ input: Matrix) -> (Matrix, Matrix, Dropout) {
            var (output, dropout) = (input, dropout)
            Rectifier.forward(&output, count: 8)
            let rectified = output
            dropout.forward(&output, count: 8)
            return (output, rectified, dropout)
        }
        let (output, rectified, used) = run(input)
        var gradient = pull
        used.backward(&gradient, count: 8)
        Rectifier.backward(rectified, &gradient, count: 8)
        Self.check(input, gradient, "input") { Self.sum(run($0).0, pull, rows: 8) }
        // What is left is scaled so that the mean stays.
        let kept = (0..<160).count { output[$0 / 20, $0 % 20] != 0 }
        let positive = (0..<160).count { rectified[$0 / 20, $0 % 20] != 0 }
        #expect(kept < positive && Double(kept) > 0.5 * Double(positive))
        let place = (0..<160).first { output[$0 / 20, $0 % 20] != 0 } ?? 0
        #expect(abs(output[place / 20, place % 20] / rectified[place / 20, place % 20] - 1 / 0.7) < 1e-5)
    }

    @Test func embedding() {
        let rows: [Int32] = [3, 0, 3, 2, 3]
        var table = EmbeddingTable(Self.random(5, 7, 7))
        let pull = Self.random(8, 32, 8)
        rows.withUnsafeBufferPointer { table.backward($0, pull, at: 16) }
        #expect(table.touched == [3, 0, 2])
        Self.check(table.table.values, table.table.gradient, "vectors") { values in
            var batch = Matrix(rows: 8, columns: 32)
            rows.withUnsafeBufferPointer { EmbeddingTable(values).gather($0, into: &batch, at: 16) }
            return Self.sum(batch, pull, rows: rows.count)
        }
    }

    @Test(arguments: [(Loss.sigmoidCrossEntropy, Float(1)), (.sigmoidCrossEntropy, 0), (.squared, 3)])
    func losses(_ loss: Loss, _ target: Float) {
        for value in stride(from: Float(-6), to: 6, by: 0.5) {
            let difference = Double(loss.value(value + 0.01, target)) - Double(loss.value(value - 0.01, target))
            #expect(abs(difference / 0.02 - Double(loss.slope(value, target))) < 2e-3)
        }
        #expect(Loss.sigmoidCrossEntropy.value(-200, 1) == 200)
        #expect(abs(Loss.sigmoidCrossEntropy.value(0, 1) - 0.6931472) < 1e-6)
    }

    static let users: [Int32] = [0, 1, 2, 1, 0, 2, 3, 3, 0, 1]
    static let items: [Int32] = [4, 0, 2, 2, 1, 3, 3, 4, 0, 1]
    static let targets: [Float] = [1, 0, 1, 1, 0, 1, 0, 0, 1, 0]

    @Test(arguments: [
        CollaborativeNetwork.Shape(factors: 6, layers: []), .init(factors: 0, layers: [20, 12, 5]),
        .init(factors: 6, layers: [8, 4]),
    ])
    func collaborativeNetwork(_ shape: CollaborativeNetwork.Shape) throws {
        var network = CollaborativeNetwork(shape, users: 4, items: 5, seed: 3)
        if network.product != nil {
            network.product!.users = EmbeddingTable(Self.random(4, shape.factors, 11))
            network.product!.items = EmbeddingTable(Self.random(5, shape.factors, 12))
        }
        if let first = shape.layers.first {
            network.tower!.embeddings.users = EmbeddingTable(Self.random(4, first / 2, 13))
            network.tower!.embeddings.items = EmbeddingTable(Self.random(5, first / 2, 14))
        }
        let start = network
        func loss(_ network: inout CollaborativeNetwork) -> Double {
            var pass = CollaborativePass(network, batch: 10)
            return Self.users.withUnsafeBufferPointer { users in
                Self.items.withUnsafeBufferPointer { items in
                    Self.targets.withUnsafeBufferPointer { targets in
                        let outputs = pass.forward(network, users: users, items: items)
                        pass.backward(
                            &network, users: users, items: items, targets: targets, loss: .sigmoidCrossEntropy)
                        return Loss.sigmoidCrossEntropy.mean(outputs, Self.targets)
                    }
                }
            }
        }
        _ = loss(&network)
        func check(_ path: WritableKeyPath<CollaborativeNetwork, LearntMatrix>, _ name: String) {
            Self.check(network[keyPath: path].values, network[keyPath: path].gradient, "\(shape) \(name)") { values in
                var changed = start
                changed[keyPath: path].values = values
                return loss(&changed)
            }
        }
        check(\.output.weights, "output")
        check(\.output.bias, "bias")
        if shape.factors > 0 {
            check(\.product!.users.table, "users")
            check(\.product!.items.table, "items")
        }
        for layer in shape.layers.dropFirst().indices { check(\.tower!.layers[layer - 1].weights, "layer \(layer)") }
        if !shape.layers.isEmpty {
            check(\.tower!.embeddings.users.table, "tower's users")
            check(\.tower!.embeddings.items.table, "tower's items")
        }
    }

    @Test func embeddingNetwork() {
        var random = RandomStream(seed: 5)
        let users = EmbeddingSide(rows: 4, embedding: 6, hidden: 9, random: &random)
        let items = EmbeddingSide(rows: 5, embedding: 6, hidden: 9, random: &random)
        let ratings = Self.targets.map { 1 + 3 * $0 }
        func run(_ users: inout EmbeddingSide, _ items: inout EmbeddingSide) -> Double {
            // The same draws each time: what is left out stays so.
            let dropout = Dropout(probability: 0.25, batch: 16, columns: 9, seed: 2)
            var pass = EmbeddingPass(users, items, batch: 16, dropout: (dropout, dropout))
            return Self.users.withUnsafeBufferPointer { userRows in
                Self.items.withUnsafeBufferPointer { itemRows in
                    ratings.withUnsafeBufferPointer {
                        Loss.squared.mean(
                            pass.run(&users, &items, users: userRows, items: itemRows, ratings: $0), ratings)
                    }
                }
            }
        }
        var (learntUsers, learntItems) = (users, items)
        _ = run(&learntUsers, &learntItems)
        for path in [\EmbeddingSide.table.table, \.layer.weights, \.layer.bias] {
            Self.check(users[keyPath: path].values, learntUsers[keyPath: path].gradient, "users") {
                var (changed, others) = (users, items)
                changed[keyPath: path].values = $0
                return run(&changed, &others)
            }
            Self.check(items[keyPath: path].values, learntItems[keyPath: path].gradient, "items") {
                var (others, changed) = (users, items)
                changed[keyPath: path].values = $0
                return run(&others, &changed)
            }
        }
    }

    /// Against the paper's formulas, in double precision.
    @Test func optimizers() {
        var parameter = LearntMatrix(Self.random(1, 3, 1))
        var adam = Optimizer(.adam, rate: 0.1)
        var (m, v, x) = (0.0, 0.0, Double(parameter.values[0, 0]))
        for step in 1...5 {
            let gradient = 0.3 * Double(step) - 0.7
            parameter.gradient[0, 0] = Float(gradient)
            adam.beginStep()
            adam.update(&parameter, rows: [0])
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient * gradient
            let corrections = (
                1 - Deterministic.exp2(Double(step) * Deterministic.log2(0.9)),
                1 - Deterministic.exp2(Double(step) * Deterministic.log2(0.999))
            )
            x -= 0.1 * (m / corrections.0) / ((v / corrections.1).squareRoot() + 1e-8)
            #expect(abs(Double(parameter.values[0, 0]) - x) < 1e-4)
            #expect(parameter.gradient[0, 0] == 0)
        }
        var moved = LearntMatrix(Matrix([[1, 2]]))
        let descent = Optimizer(.momentum(0.5), rate: 0.1, weightDecay: 0.01)
        var (velocity, y) = (0.0, 1.0)
        for _ in 0..<3 {
            moved.gradient[0, 0] = 1
            descent.update(&moved, rows: nil)
            velocity = 0.5 * velocity + 1 + 0.01 * y
            y -= 0.1 * velocity
        }
        #expect(abs(Double(moved.values[0, 0]) - y) < 1e-5)
    }
}

extension Loss {
    /// The mean over the first rows.
    fileprivate func mean(_ outputs: Matrix, _ targets: [Float]) -> Double {
        let sum = targets.indices.reduce(0.0) { $0 + Double(value(outputs[$1, 0], targets[$1])) }
        return sum / Double(targets.count)
    }

    /// The loss of an output x.
    fileprivate func value(_ x: Float, _ target: Float) -> Float {
        switch self {
        case .sigmoidCrossEntropy:
            // ln(1 + e^−|x|) + max(x, 0) − t x, which does not overflow.
            let decayed = Deterministic.exp2(-Double(abs(x)) * 1.44269504088896340736)
            let softplus = Deterministic.log2(1 + decayed) * 0.693147180559945309417 + Double(max(x, 0))
            return Float(softplus) - target * x
        case .squared:
            return (x - target) * (x - target) / 2
        }
    }
}
