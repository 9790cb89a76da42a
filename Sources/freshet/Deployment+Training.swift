import Models
import Pipeline
import ServiceKit

extension Deployment {
    /// How generations of this deployment are trained.
    func trainingSettings(_ worker: WorkerSettings) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.factors = configuration.int("training.factors")
        settings.items = worker.items
        return settings
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
