import Models
import Pipeline
import ServiceKit

extension Deployment {
    /// How generations of this deployment are trained.
    func trainingSettings(_ worker: WorkerSettings) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.factors = configuration.int("training.factors")
        settings.items = worker.items
        settings.rules = worker.rules
        return settings
    }

    /// What generations of this deployment are.
    func recipe(_ worker: WorkerSettings) throws -> GenerationRecipe {
        do {
            return try ModelChoice.recipe(configuration.string("training.model"), [], trainingSettings(worker))
        } catch let error as UsageError {
            throw CommandFailure("training.model: \(error)", remedy: "see `freshet tune --help`", exitCode: 78)
        }
    }
}

extension Deployment {
    /// When generations of this deployment are trained.
    var trainingSchedule: TrainingSchedule.Settings {
        var settings = TrainingSchedule.Settings()
        settings.firstEvents = configuration.int("training.first-events")
        settings.growth = configuration.double("training.growth")
        settings.intervalMilliseconds = UInt64(milliseconds("training.interval"))
        settings.ageMillisecondsMax = UInt64(milliseconds("training.age"))
        settings.quality.fall = configuration.double("training.quality-fall")
        settings.quality.cases = configuration.int("training.quality-cases")
        return settings
    }
}
