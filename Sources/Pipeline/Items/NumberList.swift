internal import Events

/// A list of numbers that keeps its memory: for loops in which an array's checks and counts would show.
final class NumberList {
    private(set) var base: UnsafeMutablePointer<IdentifierTable.Number>
    private var capacity = 64
    private(set) var count = 0

    init() { base = .allocate(capacity: capacity) }

    deinit { base.deallocate() }

    @inline(__always)
    func removeAll() { count = 0 }

    @inline(__always)
    func append(_ number: IdentifierTable.Number) {
        if count == capacity { grow() }
        base[count] = number
        count &+= 1
    }

    /// Makes room for as many numbers, whatever they are now.
    func setCount(_ count: Int) {
        while capacity < count { grow() }
        self.count = count
    }

    @inline(__always)
    subscript(_ index: Int) -> IdentifierTable.Number { base[index] }

    /// Valid until the next change.
    @inline(__always)
    var numbers: UnsafeBufferPointer<IdentifierTable.Number> { UnsafeBufferPointer(start: base, count: count) }

    @inline(never)
    private func grow() {
        let larger = UnsafeMutablePointer<IdentifierTable.Number>.allocate(capacity: capacity * 2)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}
