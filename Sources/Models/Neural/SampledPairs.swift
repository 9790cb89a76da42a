/// What an epoch learns: each interaction, with a number of items that its user did not touch as negatives, in random order.
struct SampledPairs {
    private(set) var users: [Int32] = []
    private(set) var items: [Int32] = []
    private(set) var targets: [Float] = []

    /// Interactions between two questions whether to go on.
    private static let interactionsAtOnce = 4096

    /// - Parameters:
    ///   - touched: what is no negative, where that is more than the interactions: as many rows.
    ///   - target: what is learnt of an interaction with a weight; of a negative it is 0.
    /// - Returns: nil if cancelled.
    init?(
        _ interactions: Interactions, without touched: Interactions? = nil, negatives: Int,
        random: inout RandomStream, isCancelled: () -> Bool = { false }, target: (Float) -> Float
    ) {
        let size = interactions.count * (1 + negatives)
        users.reserveCapacity(size)
        items.reserveCapacity(size)
        targets.reserveCapacity(size)
        for user in 0..<interactions.rows {
            for place in interactions.range(of: user) {
                if place % Self.interactionsAtOnce == 0, isCancelled() { return nil }
                append(user, interactions.indices[place], target(interactions.weights[place]))
                for _ in 0..<negatives {
                    guard let item = (touched ?? interactions).drawUntouched(user, &random) else { continue }
                    append(user, item, 0)
                }
            }
        }
        shuffle(&random)
    }

    var count: Int { users.count }

    private mutating func append(_ user: Int, _ item: Int32, _ target: Float) {
        users.append(Int32(user))
        items.append(item)
        targets.append(target)
    }

    private mutating func shuffle(_ random: inout RandomStream) {
        var last = count - 1
        while last > 0 {
            let other = random.below(last + 1)
            users.swapAt(last, other)
            items.swapAt(last, other)
            targets.swapAt(last, other)
            last -= 1
        }
    }

    /// Calls `body` with each batch in turn; false if it returned false, which ends it.
    func forEachBatch(
        of size: Int,
        _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>) -> Bool
    ) -> Bool {
        users.withUnsafeBufferPointer { users in
            items.withUnsafeBufferPointer { items in
                targets.withUnsafeBufferPointer { targets in
                    for start in stride(from: 0, to: users.count, by: size) {
                        let part = start..<min(start + size, users.count)
                        let goesOn = body(
                            UnsafeBufferPointer(rebasing: users[part]), UnsafeBufferPointer(rebasing: items[part]),
                            UnsafeBufferPointer(rebasing: targets[part]))
                        guard goesOn else { return false }
                    }
                    return true
                }
            }
        }
    }
}
