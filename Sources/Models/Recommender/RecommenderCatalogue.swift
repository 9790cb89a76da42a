/// All algorithms, by name.
public enum RecommenderCatalogue {
    /// In the order in which they are listed.
    public static let all: [any Recommender.Type] = [
        ImplicitALS.self, ElementwiseALS.self, EASE.self, ItemKNN.self, Ensemble.self,
        BayesianPersonalizedRanking.self, MatrixFactorization.self, FactorizationMachine.self,
        GeneralizedMatrixFactorization.self, MultiLayerPerceptron.self, NeuralMatrixFactorization.self,
        EmbeddingNetwork.self, SequentialCovisitation.self, Popularity.self,
    ]

    /// The algorithm of a name, or nil.
    public static func find(_ name: String) -> (any Recommender.Type)? {
        all.first { $0.name == name }
    }
}
