/// How much a generation was trained on: what speaks for a candidate that no figures speak for.
struct TrainingExtent: Sendable, Equatable {
    var interactions: Int
    /// Nil for factors from outside: they came with items that this deployment may never have seen.
    var items: Int?
    /// The largest event time, in ms.
    var latestTime: Int64

    /// The share of another one's interactions and items that stands for the whole: users who are erased or forgotten take
    /// some away between two trainings of one stream.
    static let share = 0.9

    init(_ generation: Generation) {
        let manifest = generation.manifest
        interactions = manifest.interactions
        items = manifest.model == GenerationManifest.importedModel ? nil : generation.items.count
        latestTime = manifest.latestTime
    }

    init(_ histories: TrainingHistories) {
        interactions = histories.count
        items = histories.items.count
        latestTime = histories.latestTime
    }

    /// Whether this is about as much as another one or more, and nothing older.
    func covers(_ other: TrainingExtent) -> Bool {
        func isEnough(_ count: Int, of whole: Int) -> Bool { Double(count) >= Self.share * Double(whole) }
        guard latestTime >= other.latestTime, isEnough(interactions, of: other.interactions) else { return false }
        guard let items, let others = other.items else { return true }
        return isEnough(items, of: others)
    }
}
