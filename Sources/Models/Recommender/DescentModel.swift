internal import Linear

/// A model that was learnt by descent, which steps that are too long drive to infinity instead of to a minimum.
public protocol DescentModel: RecommenderModel {
    /// Whether what it learnt are numbers that can be added and multiplied. What is not finite has no order: lists of it
    /// would be in the order of the items' rows, and measures of them chance.
    var isFinite: Bool { get }
}

extension Recommender {
    /// Why a model that was fitted is of no use, and what to do; nil where it is of use.
    public static func refusal(of model: Model) -> String? {
        guard let model = model as? any DescentModel, !model.isFinite else { return nil }
        return divergence
    }

    /// What is said of a model that did not stay finite.
    static var divergence: String { "\(name) diverged: lower learning-rate" }
}

extension GenerationRecipe {
    /// Why a training that nobody cancelled has made no generation.
    public var divergence: String {
        switch self {
        case .blend: "the training ended without a model"
        case .recommender(let recommender, _): type(of: recommender).divergence
        }
    }
}

extension BayesianPersonalizedRanking.Model: DescentModel {
    public var isFinite: Bool { users.isFinite && items.isFinite }
}

extension MatrixFactorization.Model: DescentModel {
    public var isFinite: Bool { mean.isFinite && items.isFinite }
}

extension FactorizationMachine.Model: DescentModel {
    public var isFinite: Bool { parameters.offset.isFinite && parameters.rows.isFinite && items.isFinite }
}

extension Matrix {
    /// Whether every row has a finite length. Then any two rows have a finite product (Cauchy and Schwarz).
    var isFinite: Bool {
        (0..<rows).allSatisfy { Kernels.best.dot(row($0), row($0), length: stride).isFinite }
    }
}
