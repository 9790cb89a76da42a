import Evaluation
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit

/// What the commands about models share: the deployment, its models topic and its users' histories.
struct ModelsAccess {
    let deployment: Deployment
    let topic: ModelsTopic
    private let reading: KafkaTopicReading

    /// - Throws: a message with what to do where there is no broker or no models topic.
    init(_ deployment: Deployment) throws {
        self.deployment = deployment
        _ = try deployment.requireTopic(deployment.topics[.models], deployment.reachedAdmin())
        let settings = deployment.logSettings(isStatic: false)
        reading = KafkaTopicReading(settings)
        let output = try KafkaModelsOutput(settings)
        topic = try ModelsTopic(reading, bytesMax: output.bytesMax) { (records) throws(LogError) in
            try output.write(records)
        }
    }

    /// The histories that the service has written to its users topic.
    func histories() throws -> TrainingHistories {
        let worker = try deployment.workerSettings()
        let descriptions = try ItemDescriptions.read(reading, items: worker.items, fingerprint: worker.fingerprint)
        let found = try TrainingReader.histories(
            reading, scale: worker.scale, decay: worker.decay, descriptions: descriptions,
            interactionsMax: deployment.configuration.int("training.interactions"), isCancelled: { false })
        guard let found, found.count > 0 else {
            throw CommandFailure(
                "\(deployment.topics[.users]) holds no histories", remedy: "let `freshet serve` read some events first",
                exitCode: 65)
        }
        return found
    }

    /// The items of the deployment's histories; none before there are any.
    func knownItems() throws -> [String] {
        let worker = try deployment.workerSettings()
        return try TrainingReader.histories(
            reading, scale: worker.scale, decay: worker.decay, isCancelled: { false })?.items ?? []
    }

    func trial() throws -> GenerationTrial {
        let worker = try deployment.workerSettings()
        return GenerationTrial(settings: deployment.trainingSettings(worker), blend: worker.blend)
    }

    /// A generation's number, as an argument.
    /// - Throws: where something was decided about that generation, but it is gone.
    func number(_ text: String) throws -> Int {
        guard let number = Int(text), number > 0 else {
            throw UsageError("'\(text)' is no generation's number; `freshet models list` shows them")
        }
        if let failure = Self.absence(number, topic.shelf) { throw failure }
        return number
    }

    /// Nil for a generation that is there, and for one that nothing is known of.
    static func absence(_ number: Int, _ shelf: GenerationShelf) -> CommandFailure? {
        guard let decision = shelf.decisions[number], !shelf.whole.contains(number), !shelf.foreign.contains(number)
        else { return nil }
        return CommandFailure(
            "generation \(number) is gone: it was \(decision.isPromoted ? "promoted" : "refused"), and of those only "
                + "the last are kept",
            remedy: "`freshet models list` shows what there is; `freshet train` makes another one", exitCode: 66)
    }
}
