internal import Evaluation
internal import Events
internal import Models
internal import Pipeline
internal import ServiceKit

/// The settings of an evaluation by name, for experiments.
enum ShopSetting {
    /// - Throws: `UsageError` for a setting that there is not, or a value that is no number.
    static func apply(_ pairs: [(name: String, value: String)], to evaluation: inout PrequentialEvaluation) throws {
        for (name, value) in pairs {
            guard set(name, value, in: &evaluation) else {
                throw UsageError("there is no setting '\(name)' with the value '\(value)'")
            }
        }
    }

    /// False when there is no such setting, or the value is not of its type.
    static func set(_ name: String, _ value: String, in evaluation: inout PrequentialEvaluation) -> Bool {
        guard let number = Double(value) else { return false }
        let integer = Int(number)
        let hours = Int64(number * 3_600_000)
        switch name {
        case "train": evaluation.trains = number != 0
        case "growth": evaluation.growth = number
        case "retrain-every":
            guard number >= 0, number <= 1 else { return false }
            evaluation.retrainShare = number
        case "decay-hours": evaluation.shop.decay = Decay(halfLifeMilliseconds: hours)
        case "training-decay-hours": evaluation.shop.trainingDecay = Decay(halfLifeMilliseconds: hours)
        case "history": evaluation.shop.users.historyItemsMax = integer
        case "popularity-hours":
            evaluation.shop.items.popularityHalfLives = [hours]
            evaluation.shop.blend.popularity.column = 0
            evaluation.shop.blend.category.column = 0
        case "sequential.window": evaluation.shop.items.covisitation.window = integer
        case "sequential.distance": evaluation.shop.items.covisitation.distanceExponent = number
        case "sequential.backward": evaluation.shop.items.covisitation.backwardWeight = number
        case "sequential.half-life-hours": evaluation.shop.items.covisitation.halfLifeMilliseconds = hours
        case "sequential.neighbours": evaluation.shop.items.covisitation.neighbours = integer
        default: return setBlend(name, number, &evaluation) || setTraining(name, number, &evaluation)
        }
        return true
    }

    private static func setBlend(_ name: String, _ number: Double, _ evaluation: inout PrequentialEvaluation) -> Bool {
        let integer = Int(number)
        switch name {
        case "sequential.weight": evaluation.shop.blend.sequential.weight = number
        case "sequential.depth": evaluation.shop.blend.sequential.depth = integer
        case "sequential.recency": evaluation.shop.blend.sequential.recency = number
        case "sequential.target": evaluation.shop.blend.sequential.targetExponent = number
        case "sequential.source": evaluation.shop.blend.sequential.sourceExponent = number
        case "neighbours.weight": evaluation.shop.blend.neighbours.weight = number
        case "neighbours.depth": evaluation.shop.blend.neighbours.depth = integer
        case "neighbours.recency": evaluation.shop.blend.neighbours.recency = number
        case "factors.weight": evaluation.shop.blend.factors.weight = number
        case "factors.memory": evaluation.shop.blend.factors.shortMemory = number
        case "popularity.weight": evaluation.shop.blend.popularity.weight = number
        case "popularity.exponent": evaluation.shop.blend.popularity.exponent = number
        case "popularity.column": evaluation.shop.blend.popularity.column = integer
        case "category.weight": evaluation.shop.blend.category.weight = number
        case "category.column": evaluation.shop.blend.category.column = integer
        default: return false
        }
        return true
    }

    private static func setTraining(_ name: String, _ number: Double, _ evaluation: inout PrequentialEvaluation) -> Bool
    {
        let integer = Int(number)
        switch name {
        case "neighbours.window": evaluation.shop.training.neighbours.window = integer
        case "neighbours.target": evaluation.shop.training.neighbours.targetExponent = number
        case "neighbours.source": evaluation.shop.training.neighbours.sourceExponent = number
        case "neighbours.kept": evaluation.shop.training.neighbours.perItem = integer
        case "fit": evaluation.shop.training.isFitted = number != 0
        case "cases": evaluation.shop.training.casesMax = integer
        case "factors": evaluation.shop.training.factors = integer
        case "alpha": evaluation.shop.training.alpha = number
        case "alpha0": evaluation.shop.training.unobservedWeight = number
        case "regularization": evaluation.shop.training.regularization = number
        case "exponent": evaluation.shop.training.regularizationExponent = number
        case "sweeps": evaluation.shop.training.firstSweeps = integer
        case "warm-sweeps": evaluation.shop.training.warmSweeps = integer
        default: return false
        }
        return true
    }
}
