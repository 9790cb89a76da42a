/// The stretch that generations are judged on.
extension GenerationTrial {
    /// The share of the histories that is judged where too little came after a training.
    static let judgedShare = 0.1

    /// The time that the stretch begins after, in ms, where a candidate is trained beside a serving generation: the middle of
    /// what came after that one's training; where this is too little, the time of `judgedShare`.
    static func boundary(_ histories: TrainingHistories, serving: Generation) -> Int64 {
        let fresh = histories.times.filter { $0 > serving.manifest.latestTime }.sorted()
        guard let middle = fresh.dropLast((fresh.count + 1) / 2).last,
            isEnough(histories, after: serving.manifest.latestTime),
            HeldOutStretch(histories, after: middle).isEnough
        else { return histories.time(ofShare: 1 - judgedShare) }
        return middle
    }

    /// The time after which some generations are best compared, in ms: that of the latest training, where enough came
    /// after it, else the one that the latest tenth of the histories begins after.
    public static func boundary(_ histories: TrainingHistories, of generations: [Generation]) -> Int64 {
        let latest = generations.map(\.manifest.latestTime).max() ?? .min
        return isEnough(histories, after: latest) ? latest : histories.time(ofShare: 1 - judgedShare)
    }

    /// Whether what came after a time tells anything: enough interactions, users and items that are known by then.
    static func isEnough(_ histories: TrainingHistories, after time: Int64) -> Bool {
        histories.times.count { $0 > time } >= HeldOutStretch.interactionsMin
            && HeldOutStretch(histories, after: time).isEnough
    }

    /// Whether a comparison would be one of a recipe with itself: both generations have seen what came after the time, and
    /// what would stand in for them is one and the same.
    public static func isOfOneRecipe(_ first: Generation, _ second: Generation, after boundary: Int64) -> Bool {
        let (one, other) = (first.manifest, second.manifest)
        return min(one.latestTime, other.latestTime) > boundary && one.settings == other.settings
            && one.isOfOneRecipe(with: other)
    }
}
