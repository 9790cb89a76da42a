internal import Foundation
internal import Pipeline
internal import Synchronization

/// Finds out committed offsets on threads of its own: the answer waits until no open transaction can change it, and until
/// the partition has a leader; a worker must not wait with it.
final class StoredOffsets {
    private enum Answer {
        case asking
        case answered(Result<StoredOffset, LogError>)
    }

    /// Carries answers from the threads to the worker.
    private final class Answers: Sendable {
        private let byPartition = Mutex<[Int32: (question: Int, answer: Answer)]>([:])

        func isAwaited(_ question: Int, of partition: Int32) -> Bool {
            byPartition.withLock { $0[partition]?.question == question }
        }

        func give(_ result: Result<StoredOffset, LogError>, to question: Int, of partition: Int32) {
            byPartition.withLock { all in
                if all[partition]?.question == question { all[partition] = (question, .answered(result)) }
            }
        }

        /// What is known; where nobody has asked yet, the question is noted, and nil returned. An answer is given once.
        func take(_ partition: Int32, orAsk question: Int) -> Answer? {
            byPartition.withLock { all in
                switch all[partition]?.answer {
                case nil:
                    all[partition] = (question, .asking)
                    return nil
                case .asking?: return .asking
                case .answered?: return all.removeValue(forKey: partition)?.answer
                }
            }
        }

        func forget(where isGone: (Int32) -> Bool) {
            byPartition.withLock { all in all = all.filter { !isGone($0.key) } }
        }
    }

    /// Questions so far: an answer counts for its own one only.
    private var questions = 0

    private let consumer: GroupConsumer
    private let settings: KafkaEventLog.Settings
    private let answers = Answers()
    private let fencing: Fencing
    private static let pauseSeconds = 0.5

    init(_ consumer: GroupConsumer, _ settings: KafkaEventLog.Settings) {
        self.consumer = consumer
        self.settings = settings
        fencing = Fencing(settings)
    }

    deinit { forgetAll() }

    /// Nil while the answer is on its way; each answer is given once.
    func stored(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        switch answers.take(partition, orAsk: questions + 1) {
        case .answered(let result): return try result.get()
        case .asking: return nil
        case nil:
            questions += 1
            ask(partition, lastWriter, questions)
            return nil
        }
    }

    /// Forgets partitions that are given up: when they come back, another member may have committed in between.
    func forget(_ partitions: [Int32]) { answers.forget { partitions.contains($0) } }

    /// Nobody waits for answers any more.
    func forgetAll() { answers.forget { _ in true } }

    /// Asks until there is an answer, for as long as somebody waits for it: what may pass holds up this partition only.
    private func ask(_ partition: Int32, _ lastWriter: String, _ question: Int) {
        let (consumer, settings, answers, fencing) = (consumer, settings, answers, fencing)
        Thread.detachNewThread {
            while answers.isAwaited(question, of: partition) {
                fencing.fence(lastWriter)
                do throws(KafkaError) {
                    let found = try consumer.storedOffset(TopicPartition(settings.topics.events, partition))
                    answers.give(.success(found), to: question, of: partition)
                    break
                } catch {
                    let what = "asking for the committed offset of \(settings.groupID), partition \(partition)"
                    let error = LogError(error, doing: what)
                    guard error.kind == .retriable else {
                        answers.give(.failure(error), to: question, of: partition)
                        break
                    }
                    settings.client.safeLog?(KafkaLogLine(level: 4, facility: "OFFSETS", message: error.message))
                    Thread.sleep(forTimeInterval: Self.pauseSeconds)
                }
            }
            consumer.wake()
        }
    }
}

/// Ends transactions that members left open which are no longer in their group, by taking their transactional ids.
private final class Fencing: Sendable {
    private let settings: KafkaEventLog.Settings
    /// When each writer was tried last. The heirs of its partitions come one after another: one attempt is for all of them,
    /// whatever becomes of it, since the broker that it has to ask may have died with the writer.
    private let tried = Mutex<[String: ContinuousClock.Instant]>([:])
    /// Less than any session: a writer that came back and was lost again has to be fenced again.
    private static let holds = Duration.seconds(5)

    init(_ settings: KafkaEventLog.Settings) {
        self.settings = settings
    }

    /// Begins to fence a writer. Nobody waits for it: an offset that an open transaction may still change is not told anyway.
    func fence(_ writer: String) {
        guard settings.isTransactional, !writer.isEmpty, writer != settings.transactionalID else { return }
        let isDue = tried.withLock { tried in
            if let at = tried[writer], at.duration(to: .now) < Self.holds { return false }
            tried[writer] = .now
            return true
        }
        guard isDue else { return }
        for id in TransactionalOutput.transactionalIDs(writer) { take(id, unlessMember: writer, of: settings.groupID) }
        // Who wrote users may have led the item log as well; an id that never was costs its coordinator a moment.
        let leader = KafkaLeaderLog.transactionalID(writer)
        take(leader, unlessMember: leader, of: settings.topics.leaderGroup)
    }

    /// Takes one id, on a thread of its own: each has a coordinator of its own, and one that is away holds up no other.
    /// Whatever goes wrong here only means that the broker has to end the transaction by its time-out.
    private func take(_ id: String, unlessMember member: String, of group: String) {
        let client = settings.client
        Thread.detachNewThread {
            do throws(KafkaError) {
                let members = try Admin(client, timeoutMilliseconds: 5_000).describeGroup(group).members
                guard !members.contains(where: { $0.clientID == member }) else { return }
                try Producer(client.merging(["transactional.id": id])).initTransactions(timeoutMilliseconds: 5_000)
            } catch {
                client.safeLog?(KafkaLogLine(level: 4, facility: "FENCE", message: "cannot fence \(id): \(error)"))
            }
        }
    }
}
