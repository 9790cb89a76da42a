/// A server that cannot start.
public struct HTTPServerError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The text is no address.
        case address
        /// The address cannot be listened on: taken, foreign, or not allowed.
        case bind
        /// libmicrohttpd refused to start: descriptors, threads or memory are short.
        case start
    }

    public let code: Code
    public let message: String

    public var description: String { message }
}
