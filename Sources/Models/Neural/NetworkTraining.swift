internal import Linear

/// How the networks of He et al. are trained: each interaction as 1, `negatives` untouched items as 0, binary
/// cross-entropy, batches one after another in one thread, so that a seed gives one model.
struct NetworkTraining {
    var epochs: Int
    var batch: Int
    var negatives: Int
    var seed: UInt64

    /// - Returns: false if cancelled.
    func run(
        _ network: inout CollaborativeNetwork, _ interactions: Interactions, _ optimizer: Optimizer,
        progress: (Double) -> Void, isCancelled: () -> Bool
    ) -> Bool {
        precondition(epochs > 0 && batch > 0 && negatives >= 0)
        var optimizer = optimizer
        var random = RandomStream(seed: seed ^ 0x51AF_D7ED_558C_CD6D)
        var pass = CollaborativePass(network, batch: batch)
        for epoch in 0..<epochs {
            if isCancelled() { return false }
            let pairs = SampledPairs(interactions, negatives: negatives, random: &random) { _ in 1 }
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
