/// What became of a commit.
public enum CommitOutcome: Equatable, Sendable {
    case committed
    /// Nothing was written; the same records may be sent again.
    case aborted(reason: String)
    /// Another member has taken this one's place: its state is void.
    case fenced(reason: String)
}
