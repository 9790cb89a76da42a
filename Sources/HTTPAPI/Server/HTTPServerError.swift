/// A server that cannot start.
public struct HTTPServerError: Error, Equatable, CustomStringConvertible {
    /// What stands in the way.
    public enum Code: Sendable {
        /// The text is no address.
        case address
        /// The address cannot be listened on: taken, foreign, or not allowed.
        case bind
        /// libmicrohttpd refused to start: descriptors, threads or memory are short.
        case start
    }

    public let code: Code
    /// A sentence for people that names the address.
    public let message: String

    public var description: String { message }
}
