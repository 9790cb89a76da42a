public import Events
internal import Linear

/// A model of vectors that gives a user a vector by steps of its own (an ALS model by one solve, ``FactorModel``), cheap
/// enough to be taken for every list. A generation carries it beside the vectors of its items, so that lists are made by the
/// very model that was trained: for one user the dot products rank items exactly as the model does.
public protocol FoldingModel: VectorModel {
    /// The model without what it knows of the users that it was fitted on. The service's users are always folded in: their
    /// histories have gone on since.
    func withoutUsers() -> Self
}

extension FoldingModel {
    /// The items' vectors around their mean, and the model to fold users in. The mean takes the same number from all scores of
    /// a user, so that no order changes, and 0 is what an item of no account has: scores that stand for log-odds or for an
    /// order only have no such zero of their own, and the blend asks for one. Neighbours would say the same again.
    public func served(
        neighbours _: Int, threads _: Int, isCancelled _: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        ServedParts(factors: centredFactors)
    }

    var centredFactors: (items: Matrix, foldIn: ServedParts.FoldIn) {
        (ranking.items.aroundMean(), .steps(withoutUsers()))
    }
}

extension Recommender {
    /// Reads a model that folds users in; nil where this algorithm makes none.
    public static func foldingModel(decoding reader: inout ByteReader) throws -> (any FoldingModel)? {
        guard Model.self is any FoldingModel.Type else { return nil }
        return try Model(decoding: &reader) as? any FoldingModel
    }
}

extension Matrix {
    /// Each row less the mean of all.
    func aroundMean() -> Matrix {
        let mean = meanRow()
        var result = self
        let stride = stride
        result.withUnsafeMutableBase { base in
            for row in 0..<rows { Kernels.best.add(mean.base, scaledBy: -1, to: base + row * stride, length: stride) }
        }
        return withExtendedLifetime(mean) { result }
    }
}
