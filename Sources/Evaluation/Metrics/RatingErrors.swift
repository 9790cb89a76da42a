/// Errors of predicted ratings.
public struct RatingErrors: Sendable, Equatable {
    /// Ratings that were predicted.
    public private(set) var count = 0
    private var squares = 0.0
    private var magnitudes = 0.0
    private var actual: ClosedRange<Double>?

    public init() {}

    public mutating func add(predicted: Double, actual: Double) {
        self.actual = min(self.actual?.lowerBound ?? actual, actual)...max(self.actual?.upperBound ?? actual, actual)
        let error = predicted - actual
        count += 1
        squares += error * error
        magnitudes += abs(error)
    }

    mutating func add(_ other: RatingErrors) {
        if let low = other.actual?.lowerBound, let high = other.actual?.upperBound {
            actual = min(actual?.lowerBound ?? low, low)...max(actual?.upperBound ?? high, high)
        }
        count += other.count
        squares += other.squares
        magnitudes += other.magnitudes
    }

    /// Whether there is something to tell apart: where all ratings are one, its repetition has no error.
    public var hasDifferentRatings: Bool { actual.map { $0.lowerBound < $0.upperBound } ?? false }

    /// Mean squared error; 0 where nothing was predicted, as the others.
    public var mse: Double { count == 0 ? 0 : squares / Double(count) }
    /// The root of the mean squared error.
    public var rmse: Double { mse.squareRoot() }
    /// Mean absolute error.
    public var mae: Double { count == 0 ? 0 : magnitudes / Double(count) }
}
