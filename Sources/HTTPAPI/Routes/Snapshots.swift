/// The service's read-only views, each a closure from an id to encoded JSON, `nil` for an unknown id. They are called on
/// server threads and must neither block nor copy more than the answer.
public struct Snapshots: Sendable {
    public typealias Read = @Sendable (_ id: String) -> [UInt8]?

    public var recommendations: Read
    public var related: Read
    public var userFeatures: Read
    public var itemFeatures: Read

    public init(
        recommendations: @escaping Read, related: @escaping Read, userFeatures: @escaping Read,
        itemFeatures: @escaping Read
    ) {
        self.recommendations = recommendations
        self.related = related
        self.userFeatures = userFeatures
        self.itemFeatures = itemFeatures
    }
}
