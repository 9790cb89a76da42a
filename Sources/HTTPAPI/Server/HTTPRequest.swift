/// A request that has arrived whole. No route looks at a query or a body: the one is left alone, the other read and dropped.
public struct HTTPRequest: Sendable {
    let parameters: [(name: String, value: String)]

    /// The text that stood in the place of `{name}` in the route's pattern, percent-decoded.
    public func parameter(_ name: String) -> String {
        guard let found = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("the route has no {\(name)}")
        }
        return found.value
    }
}
