public import Events
public import Linear

/// An algorithm with its settings: fits a model to histories. One file an algorithm, with its paper in the doc comment; all
/// of them run the same conformance suite, are evaluated, searched and compared by the same code, and each one's model can
/// be served as a generation.
public protocol Recommender: Sendable {
    associatedtype Model: RecommenderModel

    /// As `--model` names it.
    static var name: String { get }
    /// One line for `--help` and tables.
    static var summary: String { get }
    /// What `--set` and a search may change; seed and threads are not among them.
    static var parameters: [Parameter<Self>] { get }

    /// With default settings.
    init()

    /// The same seed and histories give the same model to the bit, whatever the threads.
    var seed: UInt64 { get set }
    /// How many threads a fit may take, at least 1; they change nothing in the model.
    var threads: Int { get set }

    /// Why it cannot be fitted to a catalogue of so many items, and what to do; nil where it can. `fit` returns nil for what
    /// is refused.
    func refusal(items: Int) -> String?

    /// Fits a model.
    ///
    /// - Parameters:
    ///   - earlier: a model to start from, or nil to start from nothing.
    ///   - progress: told the share that is done, rising, on the calling thread.
    ///   - isCancelled: asked often (at least every 50 ms on common data), from every thread.
    /// - Returns: the model, or nil if cancelled.
    func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model?
}

extension Recommender {
    /// Whether a generation serves its item factors; if not, its table of similar items, where it has one.
    public static var isServedByFactors: Bool { Model.self == FactorModel.self || Model.self is any FoldingModel.Type }

    /// Any catalogue can be taken.
    public func refusal(items: Int) -> String? { nil }

    /// Its settings as a generation's manifest has them.
    var manifestSettings: [String] { Self.parameters.map { "\($0.name)=\($0.domain.text($0.get(self)))" } }

    /// Fits from nothing, to the end.
    public func fit(_ histories: TrainingHistories) -> Model? {
        fit(histories, from: nil, progress: { _ in }, isCancelled: { false })
    }
}

/// A model to start from, whose items may be others than those of the histories.
public struct EarlierModel<Model: Sendable>: Sendable {
    public let model: Model
    /// The model's row of each item of the histories, −1 for one that it does not know.
    public let rows: [Int32]

    public init(_ model: Model, rows: [Int32]) {
        self.model = model
        self.rows = rows
    }
}

/// What a recommender learnt. Items are the rows of the histories that it was fitted on.
public protocol RecommenderModel: Sendable {
    /// How many items it knows.
    var itemCount: Int { get }

    /// Scores every item for a user, the user's own among them: higher is better, and what it knows nothing about has 0.
    /// A user who was not in the histories is folded in.
    ///
    /// - Parameter scores: `itemCount` numbers, none of them NaN.
    func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>)

    /// How like each item is to one, itself among them.
    func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>)

    /// Each user's best items without those of the history, best first, equal scores by row; fewer than `count` where
    /// there are no more. There is an implementation by `score`; one that screens may return no other list.
    func recommend(_ users: [UserHistory], count: Int) -> [[Scored]]

    /// What a generation serves of it; nil if cancelled. By default a table of `neighbours` similar items of each item.
    func served(neighbours: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool) -> ServedParts?

    /// Saves the model; a model that was loaded again scores to the bit as before.
    func encode(to writer: ByteWriter)
    /// Loads what `encode` wrote.
    /// - Throws: `ByteReader.Malformed` where the bytes end too soon, or are of no model of this kind.
    init(decoding reader: inout ByteReader) throws
}

/// What a model knows of a user when it makes a list.
public struct UserHistory: Sendable {
    /// The user's place in the histories that the model was fitted on, nil for a user who was not there.
    public var user: Int?
    /// Rows of the items, newest first, each once.
    public var items: [Int32]
    /// The rating of each.
    public var ratings: [Float]

    public init(user: Int? = nil, items: [Int32], ratings: [Float]) {
        precondition(items.count == ratings.count, "a rating for each item")
        self.user = user
        self.items = items
        self.ratings = ratings
    }

    /// Each rating as a share of the largest: how far a step goes towards its item when the user is folded in.
    var shares: [Float] {
        let largest = ratings.max() ?? 0
        return ratings.map { largest > 0 ? max(0, $0) / largest : 1 }
    }
}

extension RecommenderModel {
    public func recommend(_ users: [UserHistory], count: Int) -> [[Scored]] {
        var top = TopN(capacity: count)
        var isOwn = [Bool](repeating: false, count: itemCount)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: max(itemCount, 1)) { scores in
            let scores = UnsafeMutableBufferPointer(rebasing: scores[..<itemCount])
            return users.map { user in
                scores.initialize(repeating: 0)
                score(user, into: scores)
                for item in user.items { isOwn[Int(item)] = true }
                for item in scores.indices where !isOwn[item] { top.offer(scores[item], index: Int32(item)) }
                for item in user.items { isOwn[Int(item)] = false }
                var list: [Scored] = []
                top.drain(into: &list)
                return list
            }
        }
    }

    /// The items most like one, best first, without itself and without those that nothing joins to it.
    public func similarItems(to item: Int, count: Int) -> [Scored] {
        var top = TopN(capacity: count)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: max(itemCount, 1)) { scores in
            let scores = UnsafeMutableBufferPointer(rebasing: scores[..<itemCount])
            scores.initialize(repeating: 0)
            similarity(to: item, into: scores)
            for other in scores.indices where other != item && scores[other] > 0 {
                top.offer(scores[other], index: Int32(other))
            }
            var list: [Scored] = []
            top.drain(into: &list)
            return list
        }
    }

    /// The scores of given items for a user, in their order.
    public func scores(_ user: UserHistory, of items: [Int32]) -> [Float] {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(itemCount, 1)) { scores in
            let scores = UnsafeMutableBufferPointer(rebasing: scores[..<itemCount])
            scores.initialize(repeating: 0)
            score(user, into: scores)
            return items.map { scores[Int($0)] }
        }
    }
}
