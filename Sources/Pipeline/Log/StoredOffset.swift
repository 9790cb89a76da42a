/// The committed offset of a partition, and what the log has of it.
public struct StoredOffset: Equatable, Sendable {
    /// Nil where none has been committed.
    public var offset: Int64?
    /// The first offset that the log still has.
    public var low: Int64
    /// The one after its last record.
    public var end: Int64

    public init(offset: Int64?, low: Int64, end: Int64) {
        self.offset = offset
        self.low = low
        self.end = end
    }
}
