import Evaluation
import Foundation
import Models
import Pipeline
import ServiceKit

/// `freshet train`: any algorithm, as a generation.
enum TrainCommand {
    static let command = Command(
        "train", "Train a model, compare it with the serving generation, and publish it.",
        discussion: "From the users' histories on the broker, or from a file of events. What is published takes the "
            + "serving generation's place only if it is not worse on held-out interactions; exit code 1 says that it was "
            + "refused. --set takes settings of the algorithm (factors=128) and, with their dots, of the deployment "
            + "(application.id=other).",
        arguments: [
            Argument(
                "file",
                "Events: JSON lines, REES46, Taobao, RetailRocket, MovieLens, another table. Unset: the histories in the "
                    + "users topic.",
                isRequired: false)
        ],
        options: Deployment.options.filter { $0.name != "set" } + [
            .option(
                "model", "NAME[:SETTINGS]",
                "One of \(ModelChoice.trainable); als:factors=64,sweeps=10 as `freshet tune` says what is best (`freshet "
                    + "models algorithms NAME` shows the settings). Unset: the configuration's training.model."),
            .option("set", "NAME=VALUE", "A setting; can be repeated.", isRepeating: true),
            .flag("dry-run", "Compare only, publish nothing."), ModelsCommand.json,
        ]
    ) { arguments in
        // Settings of the deployment have dots in their names, those of algorithms have none.
        let deployment = try Deployment(arguments) { $0.contains(".") }
        let settings = try arguments.pairs("set").filter { !$0.name.contains(".") }
        let access = try ModelsAccess(deployment)
        let trial = try access.trial()
        let recipe = try ModelChoice.recipe(
            arguments["model"] ?? deployment.configuration.string("training.model"), settings, trial.settings)
        let histories = try arguments["file"].map { try Self.histories($0, access) } ?? access.histories()
        if let refusal = recipe.refusal(histories) { throw CommandFailure(refusal, exitCode: 65) }
        return try CandidateReport(access: access, arguments: arguments).run { serving in
            let bar = ProgressBar("train \(recipe.model)")
            let outcome = trial.run(
                recipe, histories, serving: serving, progress: { bar.update(share: $0) })
            bar.finish()
            guard let outcome else {
                throw CommandFailure(
                    recipe.divergence, exitCode: recipe.model == GenerationManifest.blendModel ? 70 : 65)
            }
            return outcome
        }
    }

    /// A file's histories, rated and bounded as the deployment's own are.
    /// - Throws: where the deployment knows items, and none of the file's.
    private static func histories(_ file: String, _ access: ModelsAccess) throws -> TrainingHistories {
        let worker = try access.deployment.workerSettings()
        let histories = histories(try EvaluateCommand.readStream(file), worker)
        let known = try access.knownItems()
        if !known.isEmpty { try ModelsCommand.checkIdentifiers(histories.items, of: known, called: "item") }
        return histories
    }

    static func histories(_ stream: EventStream, _ worker: WorkerSettings) -> TrainingHistories {
        stream.histories(scale: worker.scale, decay: worker.decay, itemsMax: worker.user.historyItemsMax).histories
    }
}
