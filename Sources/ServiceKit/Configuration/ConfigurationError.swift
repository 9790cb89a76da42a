/// Everything that is wrong with a configuration at once, so that mending it takes one round.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible, ExitCoding {
    /// One fault, and the place to mend it.
    public struct Problem: Sendable, Equatable {
        public let origin: Origin
        public let message: String
    }

    public let problems: [Problem]

    public var description: String {
        problems.map { "\($0.origin): \($0.message)" }.joined(separator: "\n")
    }

    public var exitCode: Int32 { 78 }
}
