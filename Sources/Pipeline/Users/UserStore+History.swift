internal import Events

/// The ratings of a history's pairs, in its entries or beside them.
extension UserStore {
    func rating(of entry: CompactEntry, _ state: UnsafeMutablePointer<UserState>) -> PairRating {
        entry.pair.map { state.pointee.pairs.unsafelyUnwrapped[$0] } ?? entry.ownRating
    }

    /// When the item was last touched, in ms.
    func lastTime(of entry: CompactEntry, _ state: UnsafeMutablePointer<UserState>) -> Int64 {
        entry.pair.map { state.pointee.pairs.unsafelyUnwrapped[$0].lastTouch ?? 0 } ?? entry.ownTime
    }

    /// Gives an entry without a rating its rating.
    func put(_ rating: PairRating, into entry: inout CompactEntry, _ state: UnsafeMutablePointer<UserState>) {
        if entry.keep(rating) { return }
        if state.pointee.pairCount == state.pointee.pairCapacity {
            setPairCapacity(state, Int(state.pointee.pairCapacity) * 5 / 4 + 2)
        }
        (state.pointee.pairs.unsafelyUnwrapped + Int(state.pointee.pairCount)).initialize(to: rating)
        entry.setPair(Int(state.pointee.pairCount))
        state.pointee.pairCount += 1
    }

    /// Takes the rating of an entry that has left the history, or is to leave it.
    func removeRating(of entry: inout CompactEntry, _ state: UnsafeMutablePointer<UserState>) {
        guard let pair = entry.pair else { return entry.removeRating() }
        entry.removeRating()
        let last = Int(state.pointee.pairCount) - 1
        state.pointee.pairCount -= 1
        guard pair != last, let history = state.pointee.history, let pairs = state.pointee.pairs else { return }
        pairs[pair] = pairs[last]
        for index in 0..<Int(state.pointee.historyCount) where history[index].pair == last {
            history[index].setPair(pair)
            return
        }
        preconditionFailure("no entry of the history has the last of \(last + 1) pairs")
    }

    private func setPairCapacity(_ state: UnsafeMutablePointer<UserState>, _ capacity: Int) {
        let larger = UnsafeMutablePointer<PairRating>.allocate(capacity: capacity)
        if let old = state.pointee.pairs {
            larger.update(from: old, count: Int(state.pointee.pairCount))
            old.deallocate()
        }
        state.pointee.pairs = larger
        state.pointee.pairCapacity = UInt16(capacity)
    }
}
