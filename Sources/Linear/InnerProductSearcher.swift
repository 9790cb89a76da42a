internal import CKernels

/// Searches an `InnerProductIndex`. It owns its workspace, which grows to the largest k it has met and then stays: one a
/// thread.
public final class InnerProductSearcher {
    public let kernels: Kernels
    /// Queries whose candidates are kept at once, while a block of items stays in the nearest cache.
    private static let slotsMax = 32
    /// Of a pass.
    private let width: Int
    /// Items of a block, at most.
    private static let blockItemsMax = 512
    private let users: UnsafeMutablePointer<fk_screen_user>
    private var slots: [SearchSlot]
    private var capacity = 0
    private var queries = UnsafeMutablePointer<Int32>.allocate(capacity: 0)
    private var padded = UnsafeMutablePointer<Float>.aligned(0)
    private var paddedStride = 0
    private var scores = UnsafeMutablePointer<Float>.allocate(capacity: 0)
    private var ranked = UnsafeMutablePointer<fk_ranked>.allocate(capacity: 0)
    private var scratch = UnsafeMutablePointer<fk_ranked>.allocate(capacity: 0)

    /// - Parameter kernels: all of them give the same results.
    public init(kernels: Kernels = .best) {
        self.kernels = kernels
        width = Int(fk_screen_width(kernels.rawValue))
        users = .allocate(capacity: Self.slotsMax)
        users.initialize(repeating: fk_screen_user(), count: Self.slotsMax)
        let users = users
        slots = (0..<Self.slotsMax).map { SearchSlot(user: users + $0) }
    }

    deinit {
        for slot in 0..<Self.slotsMax { SearchSlot.free(users + slot) }
        users.deallocate()
        queries.deallocate()
        padded.deallocate()
        scores.deallocate()
        ranked.deallocate()
        scratch.deallocate()
    }

    /// The best items of each query, best first; equal scores by rank, then by index. Scores are those of `Kernels.dot`;
    /// one that is not a number counts as −infinity.
    ///
    /// - Parameters:
    ///   - queries: `count` vectors of the index's columns (no alignment asked), `stride` floats apart.
    ///   - wanted: how many items each query wants.
    ///   - results: room for `resultStride` items a query, at least as many as it wants.
    ///   - found: receives how many there are: what was wanted, or the whole index.
    public func search(
        _ index: InnerProductIndex, queries vectors: UnsafePointer<Float>, stride: Int, count: Int,
        wanted: UnsafePointer<Int32>, results: UnsafeMutablePointer<Scored>, resultStride: Int,
        found: UnsafeMutablePointer<Int32>
    ) {
        var largest: Int32 = 0
        for query in 0..<count {
            precondition(wanted[query] >= 0 && Int(wanted[query]) <= resultStride)
            largest = max(largest, wanted[query])
        }
        reserve(index, wanted: min(Int(largest), index.count))
        var first = 0
        while first < count {
            let batch = min(Self.slotsMax, count - first)
            begin(index, vectors + first * stride, stride, batch, wanted + first)
            sweep(index, batch: batch)
            for slot in 0..<batch {
                found[first + slot] = finish(index, slot, results + (first + slot) * resultStride)
            }
            first += batch
        }
    }

    private func reserve(_ index: InnerProductIndex, wanted: Int) {
        if paddedStride < index.items.stride {
            padded.deallocate()
            queries.deallocate()
            paddedStride = index.items.stride
            padded = .aligned(Self.slotsMax * paddedStride)
            queries = .allocate(capacity: Self.slotsMax * paddedStride / 4)
        }
        let needed = wanted + 2 * Self.blockItemsMax + 32
        guard needed > capacity else { return }
        capacity = needed
        for slot in 0..<Self.slotsMax {
            SearchSlot.free(users + slot)
            SearchSlot.allocate(capacity, users + slot)
        }
        scores.deallocate()
        ranked.deallocate()
        scratch.deallocate()
        scores = .allocate(capacity: capacity + 16)
        ranked = .allocate(capacity: capacity)
        scratch = .allocate(capacity: capacity)
    }

    private func begin(
        _ index: InnerProductIndex, _ vectors: UnsafePointer<Float>, _ stride: Int, _ batch: Int,
        _ wanted: UnsafePointer<Int32>
    ) {
        let (columns, length) = (index.items.columns, index.items.stride)
        queries.update(repeating: 0, count: Self.slotsMax * index.quads)
        for slot in 0..<Self.slotsMax {
            guard slot < batch else {
                slots[slot].clear()
                continue
            }
            let query = padded + slot * length
            query.update(from: vectors + slot * stride, count: columns)
            (query + columns).update(repeating: 0, count: length - columns)
            slots[slot].begin(
                query, wanted: min(wanted[slot], Int32(index.count)), index: index, kernels: kernels,
                target: queries + slot / width * width * index.quads, lane: slot % width)
        }
    }

    /// Every block of items against every pass of queries that some item of the block can still interest.
    private func sweep(_ index: InnerProductIndex, batch: Int) {
        let groupBytes = max(index.quads * 64, 64)
        let blockGroups = max(2, min(Self.blockItemsMax / 16, 32768 / groupBytes / 2 * 2))
        let share = InnerProductIndex.roundingShare(stride: index.items.stride)
        for slot in 0..<batch where slots[slot].isExhaustive { exhaust(index, slot) }
        index.order.withUnsafeBufferPointer { order in
            for group in Swift.stride(from: 0, to: index.groupCount, by: blockGroups) {
                let groups = min(blockGroups, index.groupCount - group)
                let meta = index.storage.groups + group
                var isFinished = true
                for pass in Swift.stride(from: 0, to: batch, by: width) {
                    guard
                        (pass..<pass + width).contains(where: {
                            !slots[$0].isFinished(norm: meta[0].norm, share: share)
                        })
                    else { continue }
                    isFinished = false
                    fk_screen(
                        kernels.rawValue, index.storage.bytes + group * groupBytes, meta, groups, index.quads,
                        queries + pass * index.quads, users + pass, order.baseAddress! + group * 16,
                        index.count - group * 16)
                    for slot in pass..<min(pass + width, batch) { bound(index, slot) }
                }
                if isFinished { return }
            }
        }
    }

    /// Keeps a query's candidates fewer than the room for another block.
    @inline(__always)
    private func bound(_ index: InnerProductIndex, _ slot: Int) {
        let user = users + slot
        let full = Int32(capacity - Self.blockItemsMax - 16)
        guard user.pointee.count >= min(slots[slot].tightenAt, full), slots[slot].isScreened else { return }
        fk_tighten(kernels.rawValue, user, slots[slot].wanted)
        if user.pointee.count >= full { collapse(index, slot) }
        slots[slot].tightenAt = user.pointee.count + 48
    }

    /// Ranks all candidates by their exact scores and keeps what is wanted: for items that tie, which no bound parts.
    private func collapse(_ index: InnerProductIndex, _ slot: Int) {
        let user = users + slot
        let kept = rank(index, slot)
        for i in 0..<kept {
            user.pointee.indices[i] = ranked[i].index
            user.pointee.lower[i] = ranked[i].score
            user.pointee.upper[i] = ranked[i].score
        }
        user.pointee.count = Int32(kept)
        if kept == slots[slot].wanted, kept > 0 {
            user.pointee.threshold = max(user.pointee.threshold, Double(ranked[kept - 1].score))
        }
    }

    /// Puts the wanted ones of a query's candidates into `ranked` and returns how many there are.
    private func rank(_ index: InnerProductIndex, _ slot: Int) -> Int {
        let user = users + slot
        let count = Int(user.pointee.count)
        fk_dot_rows(
            kernels.rawValue, index.items.base, index.items.stride, user.pointee.indices, count,
            padded + slot * index.items.stride, scores)
        let wanted = Int(slots[slot].wanted)
        return index.ranks.withUnsafeBufferPointer {
            min(
                wanted,
                fk_rank(
                    kernels.rawValue, scores, user.pointee.indices, $0.baseAddress, count, wanted, ranked, scratch))
        }
    }

    /// Brute force; its threshold then keeps the screen out.
    private func exhaust(_ index: InnerProductIndex, _ slot: Int) {
        let user = users + slot
        for item in 0..<index.count {
            user.pointee.indices[Int(user.pointee.count)] = Int32(item)
            user.pointee.count += 1
            if Int(user.pointee.count) == capacity { collapse(index, slot) }
        }
        collapse(index, slot)
        user.pointee.threshold = .infinity
    }

    private func finish(_ index: InnerProductIndex, _ slot: Int, _ results: UnsafeMutablePointer<Scored>) -> Int32 {
        guard slots[slot].wanted > 0 else { return 0 }
        if slots[slot].isScreened { fk_tighten(kernels.rawValue, users + slot, slots[slot].wanted) }
        let kept = rank(index, slot)
        for i in 0..<kept { results[i] = Scored(index: ranked[i].index, score: ranked[i].score) }
        return Int32(kept)
    }
}
