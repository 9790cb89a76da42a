internal import Pipeline

/// How large a record the topics take: the least of the topic's own bound and the client's.
struct TopicLimits {
    /// A broker's default, for topics that this client may not ask about.
    static let usual = 1_048_588
    /// What a batch of one record takes beside key, value and headers, generously.
    private static let overhead = 256

    private let most: [Int]
    /// The most bytes of a batch that any of the topics takes: a bound holds for batches, of many small records too.
    let batchBytes: Int
    /// Why the topics' settings are not known, if they are not.
    let problem: KafkaError?

    init(_ settings: KafkaEventLog.Settings, messageBytes: Int, log: KafkaLog?) {
        var known: [String: [String: TopicSetting]] = [:]
        var problem: KafkaError?
        do throws(KafkaError) {
            let admin = try Admin(settings.client, log: log)
            let names = Set(try admin.listTopics().map(\.name))
            known = try admin.describeSettings(
                ofTopics: LogTopic.allCases.map { settings.topics[$0] }.filter(names.contains))
        } catch {
            problem = error
        }
        let bounds = LogTopic.allCases.map { topic in
            known[settings.topics[topic]]?["max.message.bytes"].flatMap { Int($0.value) } ?? Self.usual
        }
        most = bounds.map { min($0, messageBytes) - Self.overhead }
        batchBytes = min(bounds.min() ?? Self.usual, 1_000_000)
        self.problem = problem
    }

    subscript(topic: LogTopic) -> Int { most[topic.rawValue] }
}
