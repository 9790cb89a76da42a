internal import Evaluation
internal import Events
internal import Foundation
internal import Models
internal import Pipeline
internal import ServiceKit

/// A setting of an evaluation by its name, for experiments.
struct ShopSetting: Sendable {
    let name: String
    private let range: ClosedRange<Double>
    private let isWhole: Bool
    private let change: @Sendable (inout PrequentialEvaluation, Double) -> Void

    /// - Throws: `UsageError` for a setting that there is not, or a value that it does not take.
    /// - Parameter inert: settings that do nothing in what is evaluated.
    static func apply(
        _ pairs: [(name: String, value: String)], to evaluation: inout PrequentialEvaluation,
        inert: Set<String> = []
    ) throws {
        for (name, value) in pairs {
            guard !inert.contains(name) else {
                throw UsageError("'\(name)' does nothing here: it is a setting of `evaluate prequential`")
            }
            guard let setting = all.first(where: { $0.name == name }) else {
                throw UsageError.unknown("setting", name, among: all.map(\.name))
            }
            guard let number = Double(value), setting.range.contains(number),
                !setting.isWhole || number == number.rounded()
            else { throw UsageError("'\(name)' takes \(setting.domain), not '\(value)'") }
            setting.change(&evaluation, number)
        }
    }

    /// What only streams have, in which generations follow one another.
    static let ofStreams: Set<String> = ["growth", "retrain-every", "warm-sweeps"]

    static var names: String { all.map(\.name).joined(separator: ", ") }

    private var domain: String {
        let (low, high) = (range.lowerBound, range.upperBound)
        return isWhole
            ? "a whole number from \(Int(low)) to \(Int(high))"
            : "a number from \(String(format: "%g", low)) to \(String(format: "%g", high))"
    }

    private static let all = run + items + blend + training

    /// How the stream is played, and what users remember.
    private static let run: [ShopSetting] = [
        whole("train", 0...1) { $0.trains = $1 != 0 },
        number("growth", 0.001...100) { $0.growth = $1 },
        number("retrain-every", 0...1) { $0.retrainShare = $1 },
        number("decay-hours", 0...hoursMax) { $0.shop.decay = Decay(halfLifeMilliseconds: milliseconds($1)) },
        number("training-decay-hours", 0...hoursMax) {
            $0.shop.trainingDecay = Decay(halfLifeMilliseconds: milliseconds($1))
        },
        whole("history", 1...2000) { $0.shop.users.historyItemsMax = Int($1) },
    ]

    private static let items: [ShopSetting] = [
        number("popularity-hours", 0.01...hoursMax) {
            $0.shop.items.popularityHalfLives = [milliseconds($1)]
            $0.shop.blend.popularity.column = 0
            $0.shop.blend.category.column = 0
        },
        whole("sequential.window", 1...100) { $0.shop.items.covisitation.window = Int($1) },
        number("sequential.distance", 0...10) { $0.shop.items.covisitation.distanceExponent = $1 },
        number("sequential.backward", 0...10) { $0.shop.items.covisitation.backwardWeight = $1 },
        number("sequential.half-life-hours", 0...hoursMax) {
            $0.shop.items.covisitation.halfLifeMilliseconds = milliseconds($1)
        },
        whole("sequential.neighbours", 8...4096) { $0.shop.items.covisitation.neighbours = Int($1) },
    ]

    private static let blend: [ShopSetting] = [
        number("sequential.weight", weights) { $0.shop.blend.sequential.weight = $1 },
        whole("sequential.depth", depths) { $0.shop.blend.sequential.depth = Int($1) },
        number("sequential.recency", 0...1) { $0.shop.blend.sequential.recency = $1 },
        number("sequential.target", 0...4) { $0.shop.blend.sequential.targetExponent = $1 },
        number("sequential.source", 0...4) { $0.shop.blend.sequential.sourceExponent = $1 },
        number("neighbours.weight", weights) { $0.shop.blend.neighbours.weight = $1 },
        whole("neighbours.depth", depths) { $0.shop.blend.neighbours.depth = Int($1) },
        number("neighbours.recency", 0...1) { $0.shop.blend.neighbours.recency = $1 },
        number("factors.weight", weights) { $0.shop.blend.factors.weight = $1 },
        number("factors.memory", 0...1_000_000) { $0.shop.blend.factors.shortMemory = $1 },
        number("popularity.weight", weights) { $0.shop.blend.popularity.weight = $1 },
        number("popularity.exponent", 0...4) { $0.shop.blend.popularity.exponent = $1 },
        whole("popularity.column", 0...16) { $0.shop.blend.popularity.column = Int($1) },
        number("category.weight", weights) { $0.shop.blend.category.weight = $1 },
        whole("category.column", 0...16) { $0.shop.blend.category.column = Int($1) },
    ]

    private static let training: [ShopSetting] = [
        whole("neighbours.window", 1...100_000) { $0.shop.training.neighbours.window = Int($1) },
        number("neighbours.target", 0...4) { $0.shop.training.neighbours.targetExponent = $1 },
        number("neighbours.source", 0...4) { $0.shop.training.neighbours.sourceExponent = $1 },
        whole("neighbours.kept", 1...10_000) { $0.shop.training.neighbours.perItem = Int($1) },
        whole("fit", 0...1) { $0.shop.training.isFitted = $1 != 0 },
        whole("cases", 1...100_000_000) { $0.shop.training.casesMax = Int($1) },
        whole("factors", 4...1024) { $0.shop.training.factors = Int($1) },
        number("alpha", 0...1_000_000) { $0.shop.training.alpha = $1 },
        number("alpha0", 0...1_000_000) { $0.shop.training.unobservedWeight = $1 },
        number("regularization", 0...1_000_000) { $0.shop.training.regularization = $1 },
        number("exponent", 0...4) { $0.shop.training.regularizationExponent = $1 },
        whole("sweeps", 1...1000) { $0.shop.training.firstSweeps = Int($1) },
        whole("warm-sweeps", 1...1000) { $0.shop.training.warmSweeps = Int($1) },
    ]

    private static let weights = -100.0...100.0
    private static let depths = 0...100_000
    private static let hoursMax = 10_000_000.0

    private static func milliseconds(_ hours: Double) -> Int64 { Int64(hours * 3_600_000) }

    private static func number(
        _ name: String, _ range: ClosedRange<Double>,
        _ change: @escaping @Sendable (inout PrequentialEvaluation, Double) -> Void
    ) -> ShopSetting {
        ShopSetting(name: name, range: range, isWhole: false, change: change)
    }

    private static func whole(
        _ name: String, _ range: ClosedRange<Int>,
        _ change: @escaping @Sendable (inout PrequentialEvaluation, Double) -> Void
    ) -> ShopSetting {
        ShopSetting(
            name: name, range: Double(range.lowerBound)...Double(range.upperBound), isWhole: true, change: change)
    }
}
