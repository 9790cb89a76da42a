internal import Linear

/// Leaves out each number of a batch with a probability and scales up the others (Srivastava et al., "Dropout: A Simple Way
/// to Prevent Neural Networks from Overfitting", JMLR 2014), from random numbers of its own.
struct Dropout {
    /// Of being left out, in 0..<1, to 1/65,536.
    let probability: Float
    private var random: RandomStream
    /// What each number of the batch was multiplied with.
    private var mask: Matrix

    init(probability: Float, batch: Int, columns: Int, seed: UInt64) {
        precondition(0..<1 ~= probability)
        self.probability = probability
        random = RandomStream(seed: seed)
        mask = Matrix(rows: batch, columns: columns)
    }

    mutating func forward(_ batch: inout Matrix, count: Int) {
        guard probability > 0 else { return }
        precondition(batch.stride == mask.stride && count <= mask.rows)
        let length = count * batch.stride
        let bar = UInt64(probability * 65_536)
        let scale = 1 / (1 - probability)
        mask.withUnsafeMutableBase { mask in
            // A draw is good for four numbers; rows are a multiple of sixteen.
            var place = 0
            while place < length {
                let bits = random.next()
                mask[place] = bits & 0xFFFF < bar ? 0 : scale
                mask[place + 1] = bits >> 16 & 0xFFFF < bar ? 0 : scale
                mask[place + 2] = bits >> 32 & 0xFFFF < bar ? 0 : scale
                mask[place + 3] = bits >> 48 < bar ? 0 : scale
                place += 4
            }
            batch.withUnsafeMutableBase { Elementwise.multiply($0, mask, into: $0, length: length) }
        }
    }

    /// Of the batch that went forward last.
    func backward(_ gradient: inout Matrix, count: Int) {
        guard probability > 0 else { return }
        let length = count * gradient.stride
        gradient.withUnsafeMutableBase { Elementwise.multiply($0, mask.base, into: $0, length: length) }
        withExtendedLifetime(self) {}
    }
}
