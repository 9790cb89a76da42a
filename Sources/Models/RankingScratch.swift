/// Room for numbers beside candidates and scores, padded as the kernels ask.
final class RankingScratch {
    private(set) var values: UnsafeMutablePointer<Float>
    private(set) var rows: UnsafeMutablePointer<Int32>
    private var capacity = 0

    init() {
        values = .allocate(capacity: 0)
        rows = .allocate(capacity: 0)
    }

    deinit {
        values.deallocate()
        rows.deallocate()
    }

    func reserve(_ count: Int) {
        guard capacity < count else { return }
        capacity = count + count / 2
        values.deallocate()
        rows.deallocate()
        values = .allocate(capacity: capacity + 16)
        values.initialize(repeating: 0, count: capacity + 16)
        rows = .allocate(capacity: capacity + 16)
        rows.initialize(repeating: 0, count: capacity + 16)
    }
}
