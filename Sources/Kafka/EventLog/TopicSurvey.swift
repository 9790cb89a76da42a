internal import Pipeline

/// What a member has to know of the deployment's topics: how large a record they take, and how many partitions they have.
struct TopicSurvey {
    /// A broker's default, for topics that this client may not ask about.
    private static let usualBytes = 1_048_588
    /// What a batch of one record takes beside key, value and headers, generously.
    private static let overhead = 256
    /// ms. Whoever stops a process that waits for a broker does not wait for long.
    private static let patience: Int32 = 5_000

    private let bytesMax: [Int]
    private let partitions: [Int?]
    /// The most bytes of a batch that any of the topics takes: a bound holds for batches, of many small records too.
    let batchBytes: Int
    /// Why the topics' settings are not known, if they are not.
    let problem: KafkaError?

    /// Asks; without an answer from a broker nothing else can be done.
    init(_ settings: KafkaEventLog.Settings) throws(LogError) {
        let topics: [String: TopicDescription]
        let admin: Admin
        do throws(KafkaError) {
            admin = try Admin(settings.client, timeoutMilliseconds: Self.patience)
            topics = try admin.listTopics().reduce(into: [:]) { $0[$1.name] = $1 }
        } catch {
            let what = error.isAboutLogin ? "cannot log in at" : "no broker answers at"
            let failure = LogError(error, doing: "\(what) \(settings.client["bootstrap.servers"] ?? "")")
            throw LogError(failure.kind, failure.message, isUnreachable: true)
        }
        var known: [String: [String: TopicSetting]] = [:]
        var problem: KafkaError?
        let names = LogTopic.allCases.map { settings.topics[$0] }
        do throws(KafkaError) {
            known = try admin.describeSettings(ofTopics: Set(names).filter { topics[$0] != nil }.sorted())
        } catch {
            problem = error
        }
        let bounds = names.map { known[$0]?["max.message.bytes"].flatMap { Int($0.value) } ?? Self.usualBytes }
        let messageBytes = settings.client.messageBytesMax
        bytesMax = bounds.map { min($0, messageBytes) - Self.overhead }
        batchBytes = min(bounds.min() ?? Self.usualBytes, 1_000_000)
        partitions = names.map { topics[$0]?.partitions.count }
        self.problem = problem
    }

    /// Refuses to begin where topics are missing: a broker may make them by itself, with one partition each and nothing
    /// compacted. The catalogue is the shop's to have or not.
    func requireTopics(_ names: TopicNames) throws(LogError) {
        var missing: [String] = []
        for topic in LogTopic.allCases where topic != .catalogue && partitions[topic.rawValue] == nil {
            if !missing.contains(names[topic]) { missing.append(names[topic]) }
        }
        guard !missing.isEmpty else { return }
        throw LogError(
            .fatal,
            "there is no topic \(missing.joined(separator: ", ")), or this user may not see it; `freshet topics create` makes "
                + "what is missing")
    }

    /// The most bytes of key, value and headers.
    func bytesMax(_ topic: LogTopic) -> Int { bytesMax[topic.rawValue] }

    /// Nil where the topic is missing, or cannot be seen.
    func partitionCount(_ topic: LogTopic) -> Int? { partitions[topic.rawValue] }
}

extension TopicNames {
    /// Refuses an events topic that has more partitions than its users' states were shared out over.
    func check(eventsPartitions events: Int, usersPartitions users: Int) throws(LogError) {
        guard events > users else { return }
        throw LogError(
            .state,
            "\(self.events) has \(events) partitions, \(self[.users]) has \(users): partitions were added, so that users "
                + "may have moved, and their state stays where it was. Rebuild beside this deployment: another "
                + "application.id, ingest.rekey: true (which brings each user's events together again) and "
                + "publishing.enabled: false; `freshet topics create`, `freshet serve` until it has caught up; then stop "
                + "the old one, and start the new one with publishing.enabled: true")
    }
}
