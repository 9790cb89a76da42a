/// A ranker's memory: numbers beside candidates and scores, padded as the kernels ask, and marks by item number.
final class RankingScratch {
    private(set) var values: UnsafeMutablePointer<Float>
    private(set) var rows: UnsafeMutablePointer<Int32>
    /// The items of the user's history, and the candidates found so far: the present query's stamp where marked.
    private(set) var seen: UnsafeMutablePointer<UInt32>
    private(set) var met: UnsafeMutablePointer<UInt32>
    private var capacity = 0

    init() {
        values = .allocate(capacity: 0)
        rows = .allocate(capacity: 0)
        seen = .allocate(capacity: 0)
        met = .allocate(capacity: 0)
    }

    deinit {
        values.deallocate()
        rows.deallocate()
        seen.deallocate()
        met.deallocate()
    }

    /// Room for so many items; what is marked stays marked.
    func reserve(_ count: Int) {
        guard capacity < count else { return }
        let more = count + count / 2
        Self.replace(&values, used: 0, capacity: more + 16)
        Self.replace(&rows, used: 0, capacity: more + 16)
        Self.replace(&seen, used: capacity, capacity: more)
        Self.replace(&met, used: capacity, capacity: more)
        capacity = more
    }

    /// Marks nothing any longer.
    func clearMarks() {
        seen.update(repeating: 0, count: capacity)
        met.update(repeating: 0, count: capacity)
    }

    private static func replace<Number: Numeric & BitwiseCopyable>(
        _ memory: inout UnsafeMutablePointer<Number>, used: Int, capacity: Int
    ) {
        let larger = UnsafeMutablePointer<Number>.allocate(capacity: capacity)
        larger.update(from: memory, count: used)
        (larger + used).initialize(repeating: 0, count: capacity - used)
        memory.deallocate()
        memory = larger
    }
}
