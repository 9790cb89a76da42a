internal import Events

/// Chooses which entries of a full co-visitation row stay: those of the largest counts, equal ones by the smaller hash of
/// their identifier. A selection, not a sort (Hoare, "Algorithm 65: Find", CACM 1961), in memory that it owns.
final class RowPruning {
    typealias Entry = CovisitationTable.Entry

    /// Those that stay, after `select`.
    let entries: UnsafeMutablePointer<Entry>
    private let ties: UnsafeMutablePointer<Entry>
    private let keys: UnsafeMutablePointer<UInt64>
    private let work: UnsafeMutablePointer<UInt64>

    init(capacity: Int) {
        entries = .allocate(capacity: capacity)
        ties = .allocate(capacity: capacity)
        keys = .allocate(capacity: capacity)
        work = .allocate(capacity: capacity)
    }

    deinit {
        entries.deallocate()
        ties.deallocate()
        keys.deallocate()
        work.deallocate()
    }

    /// Fills `entries` with at most `most` entries of a row, at least one fewer than it has; returns how many they are.
    func select(
        _ row: UnsafeMutablePointer<Entry>, capacity: Int, most: Int, identifiers: IdentifierTable
    ) -> Int {
        var count = 0
        for slot in 0..<capacity {
            ties[count] = row[slot]
            work[count] = UInt64(~row[slot].count)
            count += row[slot].item == IdentifierTable.none ? 0 : 1
        }
        let kept = min(most, count - 1)
        guard kept > 0 else { return 0 }
        let bar = ~UInt32(truncatingIfNeeded: Self.smallest(work, count, place: kept - 1))
        var taken = 0
        var equal = 0
        for index in 0..<count {
            let entry = ties[index]
            entries[taken] = entry
            taken += entry.count > bar ? 1 : 0
            ties[equal] = entry
            equal += entry.count == bar ? 1 : 0
        }
        if taken + equal > kept {
            for index in 0..<equal {
                keys[index] = identifiers.hash(ties[index].item)
                work[index] = keys[index]
            }
            let last = Self.smallest(work, equal, place: kept - taken - 1)
            for index in 0..<equal where keys[index] <= last && taken < kept {
                entries[taken] = ties[index]
                taken += 1
            }
        } else {
            for index in 0..<equal { entries[taken + index] = ties[index] }
            taken += equal
        }
        return taken
    }

    /// The key that `place` others precede; moves the keys about.
    private static func smallest(_ keys: UnsafeMutablePointer<UInt64>, _ total: Int, place: Int) -> UInt64 {
        var count = total
        var place = place
        while true {
            let pivot = middle(keys[0], keys[count / 2], keys[count - 1])
            var less = 0
            var equal = 0
            for index in 0..<count {
                less += keys[index] < pivot ? 1 : 0
                equal += keys[index] == pivot ? 1 : 0
            }
            if place >= less, place < less + equal { return pivot }
            let takesLess = place < less
            // Without a branch that depends on the keys: there is no foretelling it.
            var kept = 0
            for index in 0..<count {
                let key = keys[index]
                keys[kept] = key
                kept += (takesLess ? key < pivot : key > pivot) ? 1 : 0
            }
            if !takesLess { place -= less + equal }
            count = kept
        }
    }

    @inline(__always)
    private static func middle(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
        max(min(a, b), min(max(a, b), c))
    }
}
