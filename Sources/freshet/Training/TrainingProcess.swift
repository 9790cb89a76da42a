import Foundation
import ServiceKit

/// A training in a process of its own (``SessionProcess``): beside the service's threads it would delay their events, and
/// where it needs more memory than there is, it would end them.
enum TrainingProcess {
    /// The word of the command line that the child is started with.
    static let commandName = "train-beside"

    /// - Throws: where the process cannot be started, and where it fails or ends without an outcome.
    static func run(
        _ job: TrainingJob, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> TrainingJob.Outcome? {
        let child = try SessionProcess([commandName])
        do {
            let outcome = try converse(child.socket, job, progress: progress, isCancelled: isCancelled)
            _ = child.end()
            return outcome
        } catch MessageSocket.Failure.closed {
            throw CommandFailure("the training process ended without an outcome (\(child.end(patience: .seconds(2))))")
        } catch {
            _ = child.end()
            if error as? MessageSocket.Failure == .cancelled { return nil }
            throw error
        }
    }

    private static func converse(
        _ socket: MessageSocket, _ job: TrainingJob, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> TrainingJob.Outcome {
        var stillness = Stillness()
        // Asked about ten times a second while there is no message.
        func isStopped() -> Bool {
            if stillness.isNews() {
                let time = HumanFormat.duration(Stillness.patience)
                let why = "it gets the processor time that nothing else wants, and there may be none"
                Logger(label: "freshet.training").warning("the training has not moved for \(time): \(why)")
            }
            return isCancelled()
        }
        let (kind, content) = TrainingMessage.job(job).bytes
        try socket.send(kind, content, isCancelled: isStopped)
        while let (kind, content) = try socket.receive(isCancelled: isStopped) {
            stillness = Stillness()
            switch try TrainingMessage(kind: kind, content: content) {
            case .progress(let share): progress(share)
            case .outcome(let outcome): return outcome
            case .failure(let message): throw CommandFailure(message)
            case .job: throw TrainingMessage.Malformed()
            }
        }
        throw MessageSocket.Failure.closed
    }

    /// Tells once that a training has not moved for long.
    struct Stillness {
        static let patience = Duration.seconds(300)
        private let since: ContinuousClock.Instant
        private var isTold = false

        init(since: ContinuousClock.Instant = .now) { self.since = since }

        mutating func isNews(at now: ContinuousClock.Instant = .now) -> Bool {
            guard !isTold, since.duration(to: now) >= Self.patience else { return false }
            isTold = true
            return true
        }
    }

    /// `freshet train-beside`: the child's side.
    static let command = Command(
        commandName, "Train for a service that has started this process.",
        discussion: "`freshet serve` starts it and talks to it over its standard input; by hand, use `freshet train`.",
        shouldDisplay: false
    ) { _ in
        guard let socket = SessionProcess.attach() else {
            throw UsageError("`freshet serve` starts this; by hand, use `freshet train`")
        }
        let answer: TrainingMessage
        do {
            answer = .outcome(try train(socket))
        } catch {
            answer = .failure("\(error)")
        }
        let (kind, content) = answer.bytes
        try socket.send(kind, content)
        return 0
    }

    private static func train(_ socket: MessageSocket) throws -> TrainingJob.Outcome {
        guard let (kind, content) = try socket.receive(),
            case .job(let job) = try TrainingMessage(kind: kind, content: content)
        else { throw TrainingMessage.Malformed() }
        LogSink.configure(job.deployment.configuration)
        endWithParent(socket)
        var shown = -1
        let outcome = try job.run(
            job.deployment.logSettings(isStatic: false),
            progress: { share in
                let permille = Int(share * 1000)
                guard permille != shown else { return }
                shown = permille
                let (kind, content) = TrainingMessage.progress(share).bytes
                try? socket.send(kind, content)
            }, isCancelled: { false })
        guard let outcome else { throw CommandFailure("the training ended without a model") }
        return outcome
    }

    /// Nobody waits for a training whose service is gone.
    private static func endWithParent(_ socket: MessageSocket) {
        Thread.detachNewThread {
            _ = try? socket.receive()
            // The other threads are in the midst of their work: nothing is to be taken down under them.
            _exit(1)
        }
    }
}
