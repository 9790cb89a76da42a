/// The service's read-only views, each a closure from an id to encoded JSON, `nil` for an unknown id.
///
/// They are called on server threads. What cannot answer from memory at once may wait for a bounded moment (the server
/// does not suspend requests: give it a few threads then), and throws ``SnapshotUnavailable`` when that has passed.
public struct Snapshots: Sendable {
    /// The JSON of one id; nil for an id that is not known.
    public typealias Read = @Sendable (_ id: String) throws(SnapshotUnavailable) -> [UInt8]?

    /// The list of a user.
    public var recommendations: Read
    /// The related items of an item.
    public var related: Read
    /// The feature row of a user, and that of an item.
    public var userFeatures: Read
    public var itemFeatures: Read
    /// The list of who is not known; it is always there.
    public var popular: @Sendable () throws(SnapshotUnavailable) -> [UInt8]

    public init(
        recommendations: @escaping Read, related: @escaping Read, userFeatures: @escaping Read,
        itemFeatures: @escaping Read, popular: @escaping @Sendable () throws(SnapshotUnavailable) -> [UInt8]
    ) {
        self.recommendations = recommendations
        self.related = related
        self.userFeatures = userFeatures
        self.itemFeatures = itemFeatures
        self.popular = popular
    }
}

/// A view cannot answer now, but may soon: a 503.
public struct SnapshotUnavailable: Error, Sendable {
    /// A sentence for people.
    public let detail: String

    public init(_ detail: String) { self.detail = detail }
}
