internal import Events
internal import Models

/// Which users a training takes where all of them have more interactions than it may: those whose ids have the least hashes,
/// so that it depends on nothing but the users, whatever the order in which they are read.
///
/// The limit on the hashes falls by steps until what is there is within the bound. What comes later only adds to it, so each
/// step would have been taken in any order.
struct UserSample {
    /// The most interactions; 0 for no bound.
    let interactionsMax: Int
    private var limit = UInt64.max
    /// Of the users in the builder, in their order.
    private var hashes: [UInt64] = []

    private static let seed: UInt64 = 0x7261_696e_7573_6572

    init(interactionsMax: Int) { self.interactionsMax = interactionsMax }

    /// Whether it has left out anybody.
    var isPart: Bool { limit < .max }

    func takes(_ user: UnsafeRawBufferPointer) -> Bool { !isPart || Self.hash(user) <= limit }

    /// Adds a user who may be left out again.
    mutating func add(
        _ user: UnsafeRawBufferPointer, _ state: UserState, to builder: inout TrainingHistories.Builder
    ) {
        let before = builder.userCount
        builder.append(state)
        guard interactionsMax > 0, builder.userCount > before else { return }
        hashes.append(Self.hash(user))
        while builder.count > interactionsMax { fall(&builder) }
    }

    private mutating func fall(_ builder: inout TrainingHistories.Builder) {
        limit = limit / 16 * 15
        builder.removeUsers { hashes[$0] > limit }
        hashes.removeAll { $0 > limit }
    }

    private static func hash(_ user: UnsafeRawBufferPointer) -> UInt64 { Hash64.hash(user, seed: seed) }
}
