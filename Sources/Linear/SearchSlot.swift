internal import CKernels

/// A query's place in a pass: its candidates, and what bounds its scores.
struct SearchSlot {
    /// Shared with the kernels: threshold, errors, candidates.
    let user: UnsafeMutablePointer<fk_screen_user>
    var wanted: Int32 = 0
    /// Of the query, in double precision, rounded up.
    var norm = 0.0
    /// Candidates at which tightening the threshold pays again.
    var tightenAt: Int32 = 0
    /// Only brute force will do: norms so large, small or infinite that bounds in floats mean nothing.
    var isExhaustive = false

    var isScreened: Bool { wanted > 0 && !isExhaustive }

    static func allocate(_ capacity: Int, _ user: UnsafeMutablePointer<fk_screen_user>) {
        let capacity = capacity + 16
        user.pointee.indices = .allocate(capacity: capacity)
        user.pointee.lower = .allocate(capacity: capacity)
        user.pointee.upper = .allocate(capacity: capacity)
    }

    static func free(_ user: UnsafeMutablePointer<fk_screen_user>) {
        user.pointee.indices?.deallocate()
        user.pointee.lower?.deallocate()
        user.pointee.upper?.deallocate()
    }

    /// Nobody: nothing reaches its threshold.
    mutating func clear() {
        user.pointee.threshold = .infinity
        user.pointee.item_error = 0
        user.pointee.item_norm = 0
        user.pointee.scale = 1
        user.pointee.bias = 0
        user.pointee.count = 0
        wanted = 0
        norm = 0
        isExhaustive = false
    }

    /// Quantises a query into lane `lane` of its pass's queries, and starts with no threshold.
    mutating func begin(
        _ query: UnsafePointer<Float>, wanted: Int32, index: InnerProductIndex, kernels: Kernels,
        target: UnsafeMutablePointer<Int32>, lane: Int
    ) {
        clear()
        self.wanted = wanted
        tightenAt = wanted
        let columns = index.items.columns
        norm = InnerProductIndex.norm(query, columns)
        let reach = norm * index.normMax
        guard wanted > 0 else { return }
        guard reach.isFinite, reach > 1e-30, reach < 1e30, norm > 1e-30 else {
            isExhaustive = true
            return
        }
        var largest: Float = 0
        for column in 0..<columns { largest = max(largest, query[column].magnitude) }
        let scale = Double(largest) / Double(fk_query_limit(kernels.rawValue))
        let inverse = 1 / scale
        let bytes = UnsafeMutableRawPointer(target).assumingMemoryBound(to: Int8.self)
        var (total, squares, rest) = (Int32(0), 0.0, 0.0)
        for column in 0..<columns {
            let level = (Double(query[column]) * inverse + 0x1.8p52) - 0x1.8p52
            bytes[fk_query_offset(kernels.rawValue, index.quads, lane, column)] = Int8(level)
            total += Int32(level)
            squares += level * level
            let missing = Double(query[column]) - scale * level
            rest += missing * missing
        }
        user.pointee.threshold = -.infinity
        user.pointee.scale = scale
        user.pointee.bias = -128 * total
        user.pointee.item_error = scale * squares.squareRoot() * (1 + 0x1p-30)
        user.pointee.item_norm =
            rest.squareRoot() * (1 + 0x1p-30) + norm * InnerProductIndex.roundingShare(stride: index.items.stride)
    }

    /// Whether no item of this norm, or a smaller one, can still get in.
    func isFinished(norm limit: Float, share: Double) -> Bool {
        user.pointee.threshold > norm * Double(limit) * (1 + share) + 1e-36
    }
}
