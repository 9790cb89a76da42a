/// Whether the service may be sent work.
public enum Readiness: Sendable, Equatable {
    case ready
    /// - Parameters:
    ///   - reason: a stable code, such as `restoring` or `broker_unreachable`.
    ///   - detail: a sentence for people.
    case notReady(reason: String, detail: String)
}
