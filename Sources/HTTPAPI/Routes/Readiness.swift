/// Whether the service may be sent work.
public enum Readiness: Sendable, Equatable {
    case ready
    /// - Parameters:
    ///   - reason: a stable code: `starting`, `restoring`, `no_partitions`, `stalled` (a round of work that does not end),
    ///     `commits_stalled`, `broker_unreachable`, or `restarting`, for whatever else makes the service start over.
    ///   - detail: a sentence for people.
    case notReady(reason: String, detail: String)
}
