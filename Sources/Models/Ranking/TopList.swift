internal import Events

/// The items with the largest values of a scan, largest first; ties by the bytes of the identifier.
///
/// A bounded selection: values below the present threshold cost one comparison, and the buffer is cut to its best half
/// when it is full, so a scan of n items takes O(n + k log k) expected time.
struct TopList {
    typealias Item = IdentifierTable.Number

    private let capacity: Int
    private var candidates: [(item: Item, value: Double)] = []
    private var threshold = -Double.infinity

    init(capacity: Int) {
        self.capacity = capacity
        candidates.reserveCapacity(capacity * 2)
    }

    mutating func offer(_ item: Item, _ value: Double, _ identifiers: IdentifierTable) {
        guard value >= threshold else { return }
        candidates.append((item, value))
        if candidates.count >= capacity * 2 { cut(identifiers) }
    }

    mutating func finish(_ identifiers: IdentifierTable) -> [(item: Item, value: Double)] {
        cut(identifiers)
        return candidates
    }

    private mutating func cut(_ identifiers: IdentifierTable) {
        candidates.sort { a, b in
            a.value != b.value ? a.value > b.value : identifiers.precedes(a.item, b.item)
        }
        if candidates.count > capacity { candidates.removeLast(candidates.count - capacity) }
        if candidates.count == capacity { threshold = candidates[capacity - 1].value }
    }
}
