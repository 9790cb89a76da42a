internal import Events

extension ItemTable {
    /// Drops the sixteenth of the items that has been least active, by the longest half-life; ties by identifier.
    @inline(never)
    func evict() {
        let column = activity.columns - 1
        let live = (0..<Item(upperBound)).filter { attributesOfItems[Int($0)].isLive }
        // What is not negative has bits in its own order.
        for item in first(share(of: settings.itemsMax), of: live, by: { activity.value($0, column: column).bitPattern })
        {
            forget(item)
        }
        boundWithdrawals()
        journal.breakOff()
    }

    /// Of items that are known only as withdrawn no more are kept than of others; past that a sixteenth goes, by identifier.
    func boundWithdrawals() {
        guard withdrawnCount > settings.itemsMax else { return }
        let marked = (0..<Item(upperBound)).filter { attributesOfItems[Int($0)].flags == .withdrawn }
        let most = settings.itemsMax - share(of: settings.itemsMax)
        for item in first(marked.count - most, of: marked, by: { _ in 0 }) {
            attributesOfItems[Int(item)].flags = []
            withdrawnCount -= 1
        }
    }

    private func share(of bound: Int) -> Int { max(1, bound / 16) }

    /// The first `count` of the items by a key, ties by the bytes of the identifiers, in no defined order. They are selected,
    /// eight bytes at a time, not sorted: the fold of every instance waits for it.
    private func first(_ count: Int, of items: [Item], by key: (Item) -> UInt64) -> [Item] {
        var left = items
        var taken: [Item] = []
        var keys = items.map(key)
        var offset = 0
        while taken.count + left.count > count {
            let bar = Self.smallest(keys, count - taken.count - 1)
            var tied: [Item] = []
            for (place, item) in left.enumerated() where keys[place] <= bar {
                if keys[place] < bar { taken.append(item) } else { tied.append(item) }
            }
            left = tied
            guard taken.count + left.count > count else { break }
            // Where all bytes are the same, the shorter one comes first.
            let isPastEnd = left.allSatisfy { identifiers.bytes($0).count <= offset }
            keys = left.map { isPastEnd ? UInt64(identifiers.bytes($0).count) : word(of: $0, at: offset) }
            offset += 8
        }
        return taken + left
    }

    /// Eight bytes of an identifier as a number that sorts as they do, zeros behind its end.
    private func word(of item: Item, at offset: Int) -> UInt64 {
        let bytes = identifiers.bytes(item)
        var word: UInt64 = 0
        for place in offset..<offset + 8 { word = word << 8 | (place < bytes.count ? UInt64(bytes[place]) : 0) }
        return word
    }

    /// The key at a place of the keys' rising order, digit by digit: in the same time whatever they are.
    private static func smallest(_ keys: [UInt64], _ place: Int) -> UInt64 {
        var found: UInt64 = 0
        var rest = place
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            var counts = [Int](repeating: 0, count: 256)
            // Smart shifts: by 64 nothing is left, and every key counts.
            for key in keys where key >> (shift + 8) == found >> (shift + 8) { counts[Int(key >> shift & 255)] += 1 }
            var digit = 0
            while rest >= counts[digit] {
                rest -= counts[digit]
                digit += 1
            }
            found |= UInt64(digit) << shift
        }
        return found
    }
}
