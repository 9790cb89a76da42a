internal import Events

/// Records of one partition of `freshet.users`, of each user the last one only. Until the broker compacts the topic most of
/// its records are superseded by later ones; what is decoded once costs a restore a copy for each of the others.
final class CheckpointBatch {
    /// The bytes of records after which a batch is to be put into the store.
    static let bytesMax = 32 << 20

    private var users = IdentifierTable()
    /// Where each user's last state lies in `states`, by its number; nil where it was erased.
    private var places: [Range<Int>?] = []
    private let states = ByteWriter()

    var isFull: Bool { states.count >= Self.bytesMax }

    /// Notes a user's state, or that it was erased.
    func add(_ user: UnsafeRawBufferPointer, _ state: UnsafeRawBufferPointer?) {
        let number = Int(users.intern(user))
        if number == places.count { places.append(nil) }
        guard let state else {
            places[number] = nil
            return
        }
        let start = states.count
        states.raw(state)
        places[number] = start..<states.count
    }

    /// Puts everything into the store, in place of what it had of these users, and empties the batch.
    ///
    /// - Throws: `ByteReader.Malformed` for a state that cannot be read.
    func move(into store: UserStore, _ codec: UserStateCodec) throws {
        for number in places.indices {
            let id = users.bytes(IdentifierTable.Number(number))
            if let place = places[number] {
                try codec.decode(states.bytes(place), user: id, into: store)
            } else if let user = store.find(id) {
                store.erase(user)
            }
        }
        places.removeAll(keepingCapacity: true)
        users = IdentifierTable()
        states.removeAll()
    }
}
