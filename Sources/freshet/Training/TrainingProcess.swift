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
        let (kind, content) = TrainingMessage.job(job).bytes
        try socket.send(kind, content, isCancelled: isCancelled)
        while let (kind, content) = try socket.receive(isCancelled: isCancelled) {
            switch try TrainingMessage(kind: kind, content: content) {
            case .progress(let share): progress(share)
            case .outcome(let outcome): return outcome
            case .failure(let message): throw CommandFailure(message)
            case .job: throw TrainingMessage.Malformed()
            }
        }
        throw MessageSocket.Failure.closed
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
