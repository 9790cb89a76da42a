internal import Linear

/// One side, users or items, of an `EmbeddingNetwork`: embedding → dense layer → rectifier, and dropout in training.
struct EmbeddingSide: Sendable {
    var table: EmbeddingTable
    var layer: DenseLayer

    init(table: EmbeddingTable, layer: DenseLayer) {
        precondition(layer.inputs == table.stride)
        self.table = table
        self.layer = layer
    }

    init(rows: Int, embedding: Int, hidden: Int, random: inout RandomStream) {
        // Vectors of length 1 or so, and hidden numbers near them.
        let table = EmbeddingTable(
            rows: rows, columns: embedding, deviation: 1 / Double(embedding).squareRoot(), random: &random)
        self.init(
            table: table,
            layer: DenseLayer(
                parts: [0..<embedding], inputs: table.stride, outputs: hidden, isLast: false, random: &random))
    }

    /// What is there of each row after the rectifier, rows × hidden.
    func vectors() -> Matrix {
        let (rows, batch) = (table.table.values.rows, 256)
        var result = Matrix(rows: rows, columns: layer.outputs)
        var pass = Pass(self, batch: batch)
        for start in Swift.stride(from: 0, to: rows, by: batch) {
            let part = (start..<min(start + batch, rows)).map { Int32($0) }
            part.withUnsafeBufferPointer { pass.forward(self, $0) }
            let width = result.stride
            result.withUnsafeMutableBase {
                ($0 + start * width).update(from: pass.output.base, count: part.count * width)
            }
        }
        return result
    }

    func frozen() -> EmbeddingSide { EmbeddingSide(table: table.frozen(), layer: layer.frozen()) }

    mutating func update(_ optimizer: Optimizer) {
        optimizer.update(&table)
        optimizer.update(&layer)
    }

    /// A batch on its way through and back.
    struct Pass {
        private var input: Matrix
        private var inputGradient: Matrix
        private(set) var output: Matrix
        /// The rectifier's output, before dropout.
        private var rectified: Matrix
        var outputGradient: Matrix
        private var dropout: Dropout?

        init(_ side: EmbeddingSide, batch: Int, dropout: Dropout? = nil) {
            let rows = DenseLayer.padded(batch)
            input = Matrix(rows: rows, columns: side.table.stride)
            inputGradient = input
            output = Matrix(rows: rows, columns: side.layer.outputs)
            rectified = output
            outputGradient = output
            self.dropout = dropout
        }

        mutating func forward(_ side: EmbeddingSide, _ rows: UnsafeBufferPointer<Int32>) {
            side.table.gather(rows, into: &input)
            side.layer.forward(input, into: &output, count: rows.count)
            Rectifier.forward(&output, count: rows.count)
            guard dropout != nil else { return }
            rectified = output
            dropout?.forward(&output, count: rows.count)
        }

        /// Leaves the gradients in the side; `outputGradient` is overwritten.
        mutating func backward(_ side: inout EmbeddingSide, _ rows: UnsafeBufferPointer<Int32>) {
            if let dropout {
                dropout.backward(&outputGradient, count: rows.count)
                Rectifier.backward(rectified, &outputGradient, count: rows.count)
            } else {
                Rectifier.backward(output, &outputGradient, count: rows.count)
            }
            side.layer.backward(input, outputGradient, into: &inputGradient, count: rows.count)
            side.table.backward(rows, inputGradient)
        }
    }
}
