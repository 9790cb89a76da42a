/// The floats of a `Matrix`. Unchecked: only `Matrix` writes to it, and only while nobody else holds it.
@usableFromInline
final class MatrixStorage: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutablePointer<Float>
    @usableFromInline let count: Int

    init(count: Int) {
        self.count = count
        base = .aligned(count)
    }

    init(copying other: MatrixStorage) {
        count = other.count
        base = .aligned(count)
        base.update(from: other.base, count: count)
    }

    deinit { base.deallocate() }
}

extension UnsafeMutablePointer where Pointee == Float {
    /// `count` zeros on a 64-byte boundary.
    static func aligned(_ count: Int) -> UnsafeMutablePointer<Float> {
        let bytes = max(count, 16) * MemoryLayout<Float>.stride
        let floats = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Float.self, capacity: max(count, 16))
        floats.initialize(repeating: 0, count: max(count, 16))
        return floats
    }
}
