import Events
import Kafka
import Models
import Pipeline
import ServiceKit

/// One training of a deployment: from the histories in the users topic to a candidate and the decision about it.
struct TrainingJob {
    let deployment: Deployment
    /// The generation that lists are ranked with.
    let serving: Generation?
    let descriptions: ItemDescriptions

    /// What came of it, unless it was cancelled.
    enum Outcome {
        /// The decision has been made; publishing it is the leader's.
        case trained(Generation, GenerationDecision, Size)
        /// The configured model cannot be trained on these histories.
        case refused(String)
    }

    /// What it was trained on.
    struct Size: Equatable {
        var users: Int
        var items: Int
    }

    /// What of a training's time the reading of the histories stands for.
    private static let readingShare = 0.1

    /// - Parameters:
    ///   - log: where the histories are.
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked often, from every thread that works.
    /// - Returns: nil where it was cancelled.
    func run(
        _ log: KafkaEventLog.Settings, progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Outcome? {
        let worker = try deployment.workerSettings()
        let recipe = try deployment.recipe(worker)
        guard
            let histories = try TrainingReader.histories(
                KafkaTopicReading(log), scale: worker.scale, decay: worker.decay, descriptions: descriptions,
                interactionsMax: deployment.configuration.int("training.interactions"),
                progress: { progress(Self.readingShare * $0) }, isCancelled: isCancelled)
        else { return nil }
        // The first checkpoints may not be written yet: that passes.
        guard histories.count > 0 else { throw CommandFailure("there are no interactions to learn from yet") }
        if let refusal = recipe.refusal(histories) { return .refused(refusal) }
        let trial = GenerationTrial(settings: deployment.trainingSettings(worker), blend: worker.blend)
        let outcome = trial.run(
            recipe, histories, serving: serving,
            progress: { progress(Self.readingShare + (1 - Self.readingShare) * $0) }, isCancelled: isCancelled)
        return outcome.map {
            .trained($0.generation, $0.decision, Size(users: histories.userCount, items: histories.items.count))
        }
    }
}
