/// A request that has arrived whole.
public struct HTTPRequest: Sendable {
    /// In capitals, as the client sent it; `HEAD` reaches the routes of `GET`.
    public let method: String
    /// As sent: not percent-decoded, without the query.
    public let path: String
    public let body: [UInt8]
    let parameters: [(name: String, value: String)]
    let query: [(name: String, value: String)]

    /// The text that stood in the place of `{name}` in the route's pattern, percent-decoded.
    public func parameter(_ name: String) -> String {
        guard let found = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("the route has no {\(name)}")
        }
        return found.value
    }

    /// The first value of a name in the query, percent-decoded; empty for a name without `=`.
    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
