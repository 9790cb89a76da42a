/// A row-major matrix of floats. Rows are 64-byte aligned and padded with zeros to a multiple of 16 floats, so that a
/// kernel may read `stride` floats of any row. Copies share their storage; writing to a shared one copies it first.
public struct Matrix: Sendable {
    public let rows: Int
    public let columns: Int
    /// Floats from one row to the next.
    public let stride: Int
    @usableFromInline var storage: MatrixStorage

    /// All zeros.
    public init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0)
        self.rows = rows
        self.columns = columns
        stride = (columns + 15) / 16 * 16
        storage = MatrixStorage(count: rows * stride)
    }

    /// From rows of equal length.
    public init(_ values: [[Float]]) {
        self.init(rows: values.count, columns: values.first?.count ?? 0)
        for (row, line) in values.enumerated() {
            precondition(line.count == columns, "a matrix has rows of one length")
            for (column, value) in line.enumerated() { self[row, column] = value }
        }
    }

    /// The first float of row 0. It lives as long as some copy of the matrix does: keep one (`withExtendedLifetime`).
    @inlinable
    public var base: UnsafePointer<Float> { UnsafePointer(storage.base) }

    /// `stride` floats of one row, as long-lived as `base`.
    @inlinable
    public func row(_ index: Int) -> UnsafePointer<Float> {
        assert(index >= 0 && index < rows)
        return UnsafePointer(storage.base + index * stride)
    }

    /// Whether a row holds nothing but zeros, as that of an item of which nothing was learnt does.
    public func isZero(row: Int) -> Bool {
        let values = self.row(row)
        return (0..<columns).allSatisfy { values[$0] == 0 }
    }

    /// One float; traps outside the matrix. Each write looks whether the storage is shared: loops take `row` and
    /// `withUnsafeMutableBase`.
    @inlinable
    public subscript(row: Int, column: Int) -> Float {
        get {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns)
            return storage.base[row * stride + column]
        }
        set {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns)
            makeUnique()
            storage.base[row * stride + column] = newValue
        }
    }

    /// Writes to the floats in place; padding must stay zero. Rows may be written by several threads, each its own.
    @inlinable
    public mutating func withUnsafeMutableBase<Result>(
        _ body: (UnsafeMutablePointer<Float>) throws -> Result
    ) rethrows -> Result {
        makeUnique()
        return try body(storage.base)
    }

    @usableFromInline
    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = MatrixStorage(copying: storage) }
    }
}
