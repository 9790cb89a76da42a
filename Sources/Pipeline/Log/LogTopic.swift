/// The topics by what they are for; their names are the deployment's.
public enum LogTopic: Int, Sendable, CaseIterable {
    case events
    case catalogue
    case recommendations
    case relatedItems
    case userFeatures
    case itemFeatures
    case users
    case itemLog
    case snapshots
    case models
    case deadLetters
    /// The copy of the input, keyed by user, that a deployment works on where it rekeys; the events themselves elsewhere.
    case rekeyed
}

extension LogTopic {
    /// Whether only this deployment reads and writes the topic.
    public var isInternal: Bool {
        switch self {
        case .users, .itemLog, .snapshots, .models: true
        default: false
        }
    }
}
