internal import CKernels

/// The best of a few hundred scored indices, in no defined order: those with the highest scores, equal ones by rank, then as
/// the caller says: ranks may be equal too. What a bounded heap gives, in less time where most of what is offered is kept.
///
/// It owns its memory: one a thread.
public final class Selection {
    private var scores: UnsafeMutablePointer<Float>
    private var ranks: UnsafeMutablePointer<UInt32>
    private var indices: UnsafeMutablePointer<Int32>
    private var places: UnsafeMutablePointer<Int32>
    private var ranked: UnsafeMutablePointer<fk_ranked>
    private var scratch: UnsafeMutablePointer<fk_ranked>
    private var capacity = 0
    private let kernels: Kernels
    /// How many were offered.
    public private(set) var count = 0

    public init(kernels: Kernels = .best) {
        self.kernels = kernels
        scores = .allocate(capacity: 0)
        ranks = .allocate(capacity: 0)
        indices = .allocate(capacity: 0)
        places = .allocate(capacity: 0)
        ranked = .allocate(capacity: 0)
        scratch = .allocate(capacity: 0)
    }

    deinit { free() }

    private func free() {
        scores.deallocate()
        ranks.deallocate()
        indices.deallocate()
        places.deallocate()
        ranked.deallocate()
        scratch.deallocate()
    }

    /// Forgets everything and has room for `count`.
    public func begin(_ count: Int) {
        self.count = 0
        guard capacity < count else { return }
        free()
        capacity = count + count / 2
        scores = .allocate(capacity: capacity + 16)
        ranks = .allocate(capacity: capacity)
        indices = .allocate(capacity: capacity)
        places = .allocate(capacity: capacity)
        ranked = .allocate(capacity: capacity)
        scratch = .allocate(capacity: capacity)
    }

    /// Offers an index; no more than there is room for.
    @inline(__always)
    public func offer(_ score: Float, index: Int32, rank: UInt32) {
        assert(count < capacity)
        scores[count] = score
        ranks[count] = rank
        indices[count] = index
        places[count] = Int32(truncatingIfNeeded: count)
        count &+= 1
    }

    /// Calls `body` with the best `most` indices of what was offered, or with all where there are no more.
    /// - Parameter precedes: which of two indices comes first where score and rank are equal.
    @inline(__always)
    public func forEachBest(
        _ most: Int, by precedes: (Int32, Int32) -> Bool = { $0 < $1 }, _ body: (Int32) -> Void
    ) {
        guard count > most else {
            for place in 0..<count { body(indices[place]) }
            return
        }
        let reached = fk_rank(kernels.rawValue, scores, places, ranks, count, most, ranked, scratch)
        if reached > most, ranked[most].key == ranked[most - 1].key { settle(most, reached, by: precedes) }
        for place in 0..<min(reached, most) { body(indices[Int(ranked[place].index)]) }
    }

    /// Puts those in order that tie about the last place.
    @inline(never)
    private func settle(_ most: Int, _ reached: Int, by precedes: (Int32, Int32) -> Bool) {
        let key = ranked[most].key
        let tied = (0..<reached).filter { ranked[$0].key == key }
        let sorted = tied.map { ranked[$0] }.sorted { precedes(indices[Int($0.index)], indices[Int($1.index)]) }
        for (place, item) in zip(tied, sorted) { ranked[place] = item }
    }
}
