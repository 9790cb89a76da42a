/// How a data set is parted, as `--split` names it.
public enum SplitRule: Sendable, Equatable, CustomStringConvertible {
    /// Each user's last event is asked.
    case lastOut
    /// The first share of the events is learnt, what came after is asked.
    case time(Double)
    /// Each of so many parts of every user's items is asked once.
    case folds(Int)

    /// Nil for a text that is none of `last-out`, `time=0.8` and `k-fold=5`, with another share and number.
    public init?(_ text: String) {
        let words = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        switch (words[0], words.count) {
        case ("last-out", 1): self = .lastOut
        case ("time", 2):
            guard let share = Double(words[1]), share > 0, share < 1 else { return nil }
            self = .time(share)
        case ("k-fold", 2):
            guard let count = Int(words[1]), 2...1000 ~= count else { return nil }
            self = .folds(count)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .lastOut: "last-out"
        case .time(let share): "time=\(share)"
        case .folds(let count): "k-fold=\(count)"
        }
    }

    /// What users and items must have when nobody says otherwise: 5, but all of them count where each user's last event is
    /// left out, since published figures of that split have them all.
    public var minimum: Int { self == .lastOut ? 1 : 5 }

    /// One split, or as many as there are folds, each made when it is come to: a fold is nearly the whole stream again.
    public func splits(of stream: EventStream) -> OfflineSplits {
        switch self {
        case .lastOut: OfflineSplits([.lastOut(stream)])
        case .time(let share): OfflineSplits([.time(stream, share: share)])
        case .folds(let count): OfflineSplit.folds(stream, count: count)
        }
    }
}
