/// How the partitions of this member change.
public enum GroupChange: Equatable, Sendable {
    case assigned([Int32])
    /// To be committed, then released.
    case revoked([Int32])
    /// Gone already: nothing of them can be committed.
    case lost([Int32])
    /// The end of a partition was reached; the offset is the next one.
    case end(partition: Int32, offset: Int64)
}
