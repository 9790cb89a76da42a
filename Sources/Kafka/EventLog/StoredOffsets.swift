internal import Dispatch
internal import Pipeline
internal import Synchronization

/// Finds out committed offsets on threads of its own: the answer waits until no open transaction can change it, and a
/// worker must not wait with it.
final class StoredOffsets {
    private enum Answer {
        case asking
        case answered(Result<StoredOffset, LogError>)
    }

    /// Carries answers from the queue to the worker.
    private final class Answers: Sendable {
        let byPartition = Mutex<[Int32: (question: Int, answer: Answer)]>([:])
    }

    /// Questions so far: an answer counts for its own one only.
    private var questions = 0

    private let consumer: GroupConsumer
    private let settings: KafkaEventLog.Settings
    private let answers = Answers()
    private let queue = DispatchQueue(label: "freshet.offsets", attributes: .concurrent)
    private let fencing: Fencing

    init(_ consumer: GroupConsumer, _ settings: KafkaEventLog.Settings) {
        self.consumer = consumer
        self.settings = settings
        fencing = Fencing(settings)
    }

    /// Nil while the answer is on its way; each answer is given once.
    func stored(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        let known: Answer? = answers.byPartition.withLock { all in
            switch all[partition]?.answer {
            case nil:
                questions += 1
                all[partition] = (questions, .asking)
                return nil
            case .asking?: return .asking
            case .answered?: return all.removeValue(forKey: partition)?.answer
            }
        }
        switch known {
        case .answered(let result): return try result.get()
        case .asking: return nil
        case nil:
            let (consumer, settings, answers, question, fencing) = (consumer, settings, answers, questions, fencing)
            queue.async {
                fencing.fence(lastWriter)
                let result = Self.ask(partition, consumer, settings)
                answers.byPartition.withLock { all in
                    guard all[partition]?.question == question else { return }
                    all[partition] = (question, .answered(result))
                }
                consumer.wake()
            }
            return nil
        }
    }

    /// Forgets partitions that are given up: when they come back, another member may have committed in between.
    func forget(_ partitions: [Int32]) {
        answers.byPartition.withLock { all in for partition in partitions { all[partition] = nil } }
    }

    private static func ask(
        _ partition: Int32, _ consumer: GroupConsumer, _ settings: KafkaEventLog.Settings
    ) -> Result<StoredOffset, LogError> {
        do throws(KafkaError) {
            let place = TopicPartition(settings.topics.events, partition)
            let found = try consumer.committed([place], timeoutMilliseconds: 30_000)
            guard let offset = found.first?.offset, offset >= 0 else { return .success(.none) }
            return .success(.offset(offset))
        } catch {
            return .failure(LogError(error, doing: "asking for the committed offset of \(settings.groupID)"))
        }
    }
}

/// Ends transactions that members left open which are no longer in the group, by taking their transactional ids.
private final class Fencing: Sendable {
    private let settings: KafkaEventLog.Settings
    /// When each writer was fenced last. The heirs of its partitions come one after another: one fence is for all of them.
    private let fenced = Mutex<[String: ContinuousClock.Instant]>([:])
    /// Less than any session: a writer that came back and was lost again has to be fenced again.
    private static let holds = Duration.seconds(5)

    init(_ settings: KafkaEventLog.Settings) {
        self.settings = settings
    }

    /// Whatever goes wrong here only means that the broker has to end the transaction by its time-out.
    func fence(_ writer: String) {
        guard settings.isTransactional, !writer.isEmpty, writer != settings.transactionalID else { return }
        // Held while one fences, so that the others find it done.
        fenced.withLock { fenced in
            if let at = fenced[writer], at.duration(to: .now) < Self.holds { return }
            do throws(KafkaError) {
                let admin = try Admin(settings.client, timeoutMilliseconds: 5_000)
                let members = try admin.describeGroup(settings.groupID).members
                guard !members.contains(where: { $0.clientID == writer }) else { return }
                // Who wrote users may have led the item log as well; an id that never was costs its coordinator a moment.
                let ids = TransactionalOutput.transactionalIDs(writer) + [KafkaLeaderLog.transactionalID(writer)]
                for id in ids {
                    var taking = settings.client
                    taking["transactional.id"] = id
                    try Producer(taking).initTransactions(timeoutMilliseconds: 5_000)
                }
                fenced[writer] = .now
            } catch {
                settings.client.safeLog?(
                    KafkaLogLine(level: 4, facility: "FENCE", message: "cannot fence \(writer): \(error)"))
            }
        }
    }
}
