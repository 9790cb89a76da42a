/// A service that ended its group by an error.
public struct ServiceFailure: Error, CustomStringConvertible, ExitCoding {
    public let service: String
    /// What it threw; `nil` when it did not stop in time.
    public let underlying: (any Error)?

    public var description: String {
        underlying.map { "\(service): \($0)" } ?? "\(service) did not stop in time"
    }

    public var exitCode: Int32 { (underlying as? any ExitCoding)?.exitCode ?? 70 }
}
