internal import Linear

/// Steps along gradients. Of an embedding only the rows that a batch named are changed, as they were when they were named
/// last: what is not asked for costs nothing.
struct Optimizer: Sendable {
    enum Rule: Sendable {
        /// Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, with the paper's constants.
        case adam
        /// `v = momentum · v + g`, `x −= rate · v`; plain descent for 0.
        case momentum(Float)
    }

    let rule: Rule
    var rate: Float
    /// Is added to the gradient, times the value.
    var weightDecay: Float = 0
    private var decay = Elementwise.AdamDecay()
    /// The powers of Adam's two constants after the steps made so far.
    private var powers: (first: Double, second: Double) = (1, 1)

    init(_ rule: Rule, rate: Float, weightDecay: Float = 0) {
        self.rule = rule
        self.rate = rate
        self.weightDecay = weightDecay
    }

    /// To be called before the updates of each batch.
    mutating func beginStep() {
        powers.first *= Double(decay.first)
        powers.second *= Double(decay.second)
    }

    func update(_ layer: inout DenseLayer) {
        guard !layer.weights.isFrozen else { return }
        update(&layer.weights, rows: nil)
        update(&layer.bias, rows: nil)
    }

    func update(_ embedding: inout EmbeddingTable) {
        guard !embedding.table.isFrozen else { return }
        let rows = embedding.touched
        update(&embedding.table, rows: rows)
        embedding.forgetTouched()
    }

    /// - Parameter rows: those with a gradient; nil for all.
    func update(_ parameters: inout LearntMatrix, rows: [Int32]?) {
        let stride = parameters.values.stride
        let length = rows == nil ? parameters.values.rows * stride : stride
        parameters.values.withUnsafeMutableBase { values in
            parameters.gradient.withUnsafeMutableBase { gradient in
                parameters.first.withUnsafeMutableBase { first in
                    parameters.second.withUnsafeMutableBase { second in
                        for row in rows ?? [0] {
                            let start = Int(row) * stride
                            step(values + start, gradient + start, first + start, second + start, length)
                            (gradient + start).update(repeating: 0, count: length)
                        }
                    }
                }
            }
        }
    }

    private func step(
        _ values: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ length: Int
    ) {
        if weightDecay > 0 { Kernels.best.add(values, scaledBy: weightDecay, to: gradient, length: length) }
        switch rule {
        case .adam:
            let corrected = Double(rate) * (1 - powers.second).squareRoot() / (1 - powers.first)
            Elementwise.adam(
                values, first: first, second: second, gradient: gradient, rate: Float(corrected), decay: decay,
                length: length)
        case .momentum(let momentum):
            Kernels.best.replace(first, scaledBy: momentum, plus: gradient, length: length)
            Kernels.best.add(first, scaledBy: -rate, to: values, length: length)
        }
    }
}
