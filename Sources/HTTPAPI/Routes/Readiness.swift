/// Whether the service may be sent work.
public enum Readiness: Sendable, Equatable {
    case ready
    /// - Parameters:
    ///   - reason: a stable code: `starting`, `restoring`, `no_partitions`, `stalled` (a round of work that does not end), and
    ///     `broker_unreachable`, for whatever makes the service start over: also where another process has taken its place.
    ///   - detail: a sentence for people.
    case notReady(reason: String, detail: String)
}
