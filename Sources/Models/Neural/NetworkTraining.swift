internal import Linear

/// How the networks of He et al. are trained: each interaction as 1, `negatives` untouched items as 0, binary
/// cross-entropy, batches one after another in one thread, so that a seed gives one model.
struct NetworkTraining {
    var epochs: Int
    var batch: Int
    var negatives: Int
    var seed: UInt64

    /// - Parameter touched: what is no negative, where that is more than the interactions.
    /// - Returns: false if cancelled.
    func run(
        _ network: inout CollaborativeNetwork, _ interactions: Interactions, without touched: Interactions? = nil,
        _ optimizer: Optimizer, progress: (Double) -> Void, isCancelled: () -> Bool
    ) -> Bool {
        precondition(epochs > 0 && batch > 0 && negatives >= 0)
        var optimizer = optimizer
        var random = RandomStream(seed: seed ^ 0x51AF_D7ED_558C_CD6D)
        var pass = CollaborativePass(network, batch: batch)
        for epoch in 0..<epochs {
            let pairs = SampledPairs(
                interactions, without: touched, negatives: negatives, random: &random, isCancelled: isCancelled
            ) { _ in 1 }
            guard let pairs else { return false }
            let isDone = pairs.forEachBatch(of: batch) { users, items, targets in
                if isCancelled() { return false }
                _ = pass.forward(network, users: users, items: items)
                pass.backward(
                    &network, users: users, items: items, targets: targets, loss: .sigmoidCrossEntropy)
                network.update(&optimizer)
                return true
            }
            guard isDone else { return false }
            progress(Double(epoch + 1) / Double(epochs))
        }
        return true
    }
}
