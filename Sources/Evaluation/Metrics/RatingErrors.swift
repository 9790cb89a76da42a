/// Errors of predicted ratings.
public struct RatingErrors: Sendable, Equatable {
    public private(set) var count = 0
    private var squares = 0.0
    private var magnitudes = 0.0

    public init() {}

    public mutating func add(predicted: Double, actual: Double) {
        let error = predicted - actual
        count += 1
        squares += error * error
        magnitudes += abs(error)
    }

    mutating func add(_ other: RatingErrors) {
        count += other.count
        squares += other.squares
        magnitudes += other.magnitudes
    }

    /// Mean squared error; 0 where nothing was predicted, as the others.
    public var mse: Double { count == 0 ? 0 : squares / Double(count) }
    public var rmse: Double { mse.squareRoot() }
    /// Mean absolute error.
    public var mae: Double { count == 0 ? 0 : magnitudes / Double(count) }
}
