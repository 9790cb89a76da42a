/// What goes wrong with a log.
public struct LogError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What follows from an error for whoever meets it.
    public enum Kind: Sendable, Equatable {
        /// May pass: try again.
        case retriable
        /// Another member has taken this one's place.
        case fenced
        /// Cannot go on; the message says what to do.
        case fatal
        /// What is stored cannot be used with this program or configuration.
        case state
        /// What is asked for is of the past, and no longer kept.
        case gone
    }

    public let kind: Kind
    /// A sentence for people.
    public let message: String
    /// Whether no broker could be asked, rather than that it said no.
    public let isUnreachable: Bool

    public init(_ kind: Kind, _ message: String, isUnreachable: Bool = false) {
        self.kind = kind
        self.message = message
        self.isUnreachable = isUnreachable
    }

    public var description: String { message }
}
