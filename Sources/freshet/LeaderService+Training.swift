import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit

/// Training: when it is due, and on a thread of its own.
extension LeaderService {
    /// Asks the schedule, and notes with it that a training begins; nil where none is due.
    func momentToTrain(
        _ leader: Leader, _ schedule: inout TrainingSchedule, now: UInt64
    ) -> TrainingSchedule.Moment? {
        guard deployment.configuration.bool("training.enabled") else { return nil }
        let moment = TrainingSchedule.Moment(
            now: now, events: leader.events, learnt: leader.learnt,
            generationEvents: leader.latest?.manifest.events, isHurried: isToFinish(leader))
        guard let reason = schedule.reason(moment) else { return nil }
        schedule.begin(moment)
        logger.info("training begins: \(reason.text)", metadata: ["events": "\(leader.events)"])
        return moment
    }

    /// Trains beside the leader's thread, which picks up what came of it.
    func train(beside leader: Leader, _ moment: TrainingSchedule.Moment) {
        let job = TrainingJob(
            deployment: deployment, serving: leader.latest,
            descriptions: leader.fold.map { ItemDescriptions($0.table) } ?? ItemDescriptions())
        training.begin()
        let thread = Thread { [self] in
            do {
                training.end(try candidate(of: job, events: moment.events).map { .success($0) })
            } catch {
                logger.warning("training failed and will be tried again: \(error)")
                training.end(.failure(.init()))
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// A candidate that was trained and decided about; it is published whatever the decision.
    private func candidate(of job: TrainingJob, events: Int) throws -> GenerationTrial.Outcome? {
        let began = monotonicMilliseconds()
        switch try outcome(of: job) {
        case nil: return nil
        case .refused(let refusal):
            logger.warning("training.model cannot be trained here: \(refusal)")
            return nil
        case .trained(let generation, let decision, let size):
            let seconds = Double(monotonicMilliseconds() - began) / 1000
            logger.info(
                "a generation was trained: \(decision.reason.text)",
                metadata: [
                    "users": "\(size.users)", "items": "\(size.items)",
                    "seconds": "\(HumanFormat.fixed(seconds, digits: 2))",
                ])
            return (generation.noting(events: events), decision)
        }
    }

    private func outcome(of job: TrainingJob) throws -> TrainingJob.Outcome? {
        let (stop, training) = (stop, training)
        let progress: (Double) -> Void = { training.note(share: $0) }
        // Topics in memory are this process's.
        guard log.memory == nil else {
            ThreadPriority.yieldToOthers()
            return try job.run(log, progress: progress, isCancelled: { stop.isSet })
        }
        return try TrainingProcess.run(job, progress: progress, isCancelled: { stop.isSet })
    }
}
