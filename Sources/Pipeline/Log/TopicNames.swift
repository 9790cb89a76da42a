/// What a deployment calls its topics.
public struct TopicNames: Sendable, Equatable {
    public var events = "events"
    public var catalogue = "items"
    public var recommendations = "recommendations"
    public var relatedItems = "recommendations.items"
    public var userFeatures = "features.users"
    public var itemFeatures = "features.items"
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
