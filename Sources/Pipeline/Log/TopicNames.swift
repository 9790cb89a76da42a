/// What a deployment calls its topics.
public struct TopicNames: Sendable, Equatable {
    /// The input: the shop's events, and its catalogue, which need not exist.
    public var events = "events"
    public var catalogue = "items"
    /// The output: lists by user, related items by item, and the feature store's rows.
    public var recommendations = "recommendations"
    public var relatedItems = "recommendations.items"
    public var userFeatures = "features.users"
    public var itemFeatures = "features.items"
    /// Records of the input that cannot be learnt, and output that is too large for its own topic.
    public var deadLetters = "events.dead-letter"
    /// Nil where the input is worked on as it is: a topic that nobody needs must not be asked for.
    public var rekeyed: String?
    /// The prefix of the internal topics; also the workers' consumer group.
    public var application = "freshet"
    /// The group that shares out the item log's single partition: who has it leads.
    public var leaderGroup: String { application + ".items" }
    /// The group that copies the input where it is rekeyed.
    public var rekeyGroup: String { application + ".rekey" }

    public init() {}

    /// The name of a topic; those of the internal ones follow from `application`.
    public subscript(topic: LogTopic) -> String {
        switch topic {
        case .events: events
        case .catalogue: catalogue
        case .recommendations: recommendations
        case .relatedItems: relatedItems
        case .userFeatures: userFeatures
        case .itemFeatures: itemFeatures
        case .deadLetters: deadLetters
        case .rekeyed: rekeyed ?? events
        case .users: application + ".users"
        case .itemLog: application + ".items"
        case .snapshots: application + ".snapshots"
        case .models: application + ".models"
        }
    }
}
