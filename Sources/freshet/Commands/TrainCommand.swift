import Evaluation
import Foundation
import Models
import Pipeline
import ServiceKit

/// `freshet train`: any algorithm, as a generation.
enum TrainCommand {
    private static let modelNames =
        ([GenerationManifest.blendModel] + RecommenderCatalogue.all.map { $0.name }).joined(separator: ", ")

    static let command = Command(
        "train", "Train a model, compare it with the serving generation, and publish it.",
        discussion: "From the users' histories on the broker, or from a file of events. What is published takes the "
            + "serving generation's place only if it is not worse on held-out interactions; exit code 1 says that it was "
            + "refused. --set takes settings of the algorithm (factors=128) and, with their dots, of the deployment "
            + "(application.id=other).",
        arguments: [
            Argument(
                "file",
                "Events: JSON lines, REES46, Taobao or MovieLens u.data. Unset: the histories in the users topic.",
                isRequired: false)
        ],
        options: Deployment.options.filter { $0.name != "set" } + [
            .option(
                "model", "NAME[:SETTINGS]",
                "One of " + modelNames + "; als:factors=64,sweeps=10 as `freshet tune` says what is best.",
                default: GenerationManifest.blendModel),
            .option("data", "FILE", "The same as the argument."),
            .option("set", "NAME=VALUE", "A setting; can be repeated.", isRepeating: true),
            .flag("dry-run", "Compare only, publish nothing."), ModelsCommand.json,
        ]
    ) { arguments in
        try ModelsAccess.run {
            // Settings of the deployment have dots in their names, those of algorithms have none.
            let deployment = try Deployment(arguments) { $0.contains(".") }
            let settings = try arguments.pairs("set").filter { !$0.name.contains(".") }
            let access = try ModelsAccess(deployment)
            let trial = try access.trial()
            let recipe = try recipe(arguments.required("model"), settings, trial.settings)
            guard arguments["file"] == nil || arguments["data"] == nil else {
                throw UsageError("--data is the same as the argument: leave one of them out")
            }
            let file = arguments["file"] ?? arguments["data"]
            let histories =
                try file.map { try EvaluateCommand.readStream($0).histories().histories } ?? access.histories()
            return try CandidateReport(access: access, arguments: arguments).run { serving in
                let bar = ProgressBar("train \(recipe.model)", total: 100, unit: "%")
                let outcome = trial.run(
                    recipe, histories, serving: serving, progress: { bar.update(completed: Int($0 * 100)) })
                bar.finish()
                guard let outcome else { throw CommandFailure("the training ended without a model") }
                return outcome
            }
        }
    }

    private static func recipe(
        _ choice: String, _ settings: [(name: String, value: String)], _ training: TrainingSettings
    ) throws -> GenerationRecipe {
        let words = choice.split(separator: ":", maxSplits: 1).map(String.init)
        let name = words.first ?? ""
        let own = words.count > 1 ? try ModelChoice.pairs(words[1], of: "--model") : []
        let settings = own + settings
        if name == GenerationManifest.blendModel {
            guard let setting = settings.first else { return .blend(training) }
            throw UsageError("the blend takes training.factors and no '\(setting.name)'")
        }
        guard let type = RecommenderCatalogue.find(name) else {
            throw UsageError("there is no model '\(name)'; there are \(modelNames)")
        }
        var recommender: any Recommender = type.init()
        var training = training
        for setting in settings {
            do throws(SettingFailure) { try recommender.set(setting.name, to: setting.value) } catch {
                throw UsageError(error.description)
            }
        }
        training.seed = recommender.seed
        training.threads = recommender.threads
        return .recommender(recommender, training)
    }
}
