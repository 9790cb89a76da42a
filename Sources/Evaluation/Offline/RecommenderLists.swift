internal import Events
internal import Linear
internal import Models

/// What one algorithm alone makes of a split, fitted on the histories of its training.
struct RecommenderLists {
    /// What was found for one user.
    struct Found {
        var user: Int
        /// Interactions that the user has in training.
        var activity: Int
        /// Places of the wanted items in the list, from 0, rising.
        var ranks: [Int]
        var list: [IdentifierTable.Number] = []
        var auc: Double?
        /// Predicted and actual ratings of the wanted items.
        var ratings: [(predicted: Float, actual: Float)] = []
    }

    let length: Int
    var ranking = OfflineEvaluation.Ranking.allItems
    var measuresAUC = false
    /// Users that are ranked at once.
    private static let usersAtOnce = 256

    /// How it ended.
    enum Outcome: Equatable {
        case ranked, cancelled
        /// With why the model is of no use.
        case refused(String)
    }

    /// Of the progress: ranking takes a while too.
    private static let trainingShare = 0.9

    func rank<R: Recommender>(
        _ recommender: R, _ split: OfflineSplit, _ shop: ShopSettings, _ progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool, emit: (Found) -> Void
    ) -> Outcome {
        // Wanted ratings are as fresh as on their first day: those that stand for them are learnt so too.
        let predictsRatings = (recommender as? any RatingRecommender)?.negatives == 0
        let (histories, users) = split.train.histories(
            scale: shop.scale, decay: predictsRatings ? Decay(halfLifeMilliseconds: 0) : shop.trainingDecay)
        let training = Self.trainingShare
        guard
            let model = recommender.fit(
                histories, from: nil, progress: { progress(training * $0) }, isCancelled: isCancelled)
        else { return .cancelled }
        if let refusal = R.refusal(of: model) { return .refused(refusal) }
        let numbers = histories.items.map { split.train.items.find($0) ?? IdentifierTable.none }
        let asked = users.indices.filter { !split.wanted[users[$0]].isEmpty }
        if case .sampled(let negatives) = ranking {
            let isDone = rankSampled(
                model, split, histories, users, numbers, negatives.draw(split), isCancelled: isCancelled, emit)
            return isDone ? .ranked : .cancelled
        }
        var rows = [Int32](repeating: -1, count: split.train.items.upperBound)
        for (row, number) in numbers.enumerated() { rows[Int(number)] = Int32(row) }
        for start in stride(from: 0, to: asked.count, by: Self.usersAtOnce) {
            if isCancelled() { return .cancelled }
            progress(training + (1 - training) * Double(start) / Double(asked.count))
            let part = asked[start..<min(start + Self.usersAtOnce, asked.count)]
            let own = part.map { histories.history(of: $0) }
            for (place, (history, list)) in zip(part, zip(own, model.recommend(own, count: length))) {
                let user = users[place]
                let items = list.map { numbers[Int($0.index)] }
                let wanted = Set(split.wanted[user])
                var found = Found(
                    user: user, activity: history.items.count,
                    ranks: items.indices.filter { wanted.contains(items[$0]) })
                found.list = items
                let wantedRows = split.wanted[user].map { rows[Int($0)] }
                if measuresAUC { found.auc = auc(model, history, wantedRows) }
                if predictsRatings {
                    found.ratings = ratings(model, history, wantedRows, split.wantedRatings[user])
                }
                emit(found)
            }
        }
        return .ranked
    }

    /// The wanted items of one user among all that the user has not touched; one that training has not seen stands last.
    private func auc(_ model: some RecommenderModel, _ user: UserHistory, _ wanted: [Int32]) -> Double? {
        var scores = [Float](repeating: 0, count: model.itemCount)
        scores.withUnsafeMutableBufferPointer { model.score(user, into: $0) }
        let excluded = Set(user.items).union(wanted)
        return RankingMetrics.auc(
            relevant: wanted.map { $0 < 0 ? -.infinity : scores[Int($0)] },
            others: scores.indices.lazy.filter { !excluded.contains(Int32($0)) }.map { scores[$0] })
    }

    private func ratings(
        _ model: some RecommenderModel, _ user: UserHistory, _ wanted: [Int32], _ actual: [Float]
    ) -> [(predicted: Float, actual: Float)] {
        guard let model = model as? any RatingModel else { return [] }
        let known = wanted.indices.filter { wanted[$0] >= 0 }
        let predicted = model.predictedRatings(user, of: known.map { wanted[$0] })
        return zip(predicted, known).map { ($0, actual[$1]) }
    }

    /// A tie counts against the wanted item, and so does a score that is no number; one that training has not seen stands
    /// last.
    /// - Returns: false if cancelled.
    private func rankSampled(
        _ model: some RecommenderModel, _ split: OfflineSplit, _ histories: TrainingHistories, _ users: [Int],
        _ numbers: [IdentifierTable.Number], _ negatives: [[IdentifierTable.Number]], isCancelled: () -> Bool,
        _ emit: (Found) -> Void
    ) -> Bool {
        var rows = [Int32](repeating: -1, count: split.train.items.upperBound)
        for (row, number) in numbers.enumerated() { rows[Int(number)] = Int32(row) }
        for (place, user) in users.enumerated() {
            if isCancelled() { return false }
            guard let target = split.wanted[user].first else { continue }
            let history = histories.history(of: place)
            let row = rows[Int(target)]
            let candidates = negatives[user].map { rows[Int($0)] }
            let scores = model.scores(history, of: candidates + (row < 0 ? [] : [row]))
            let rank = row < 0 ? candidates.count : scores.dropLast().count { !($0 < scores[candidates.count]) }
            emit(Found(user: user, activity: history.items.count, ranks: [rank]))
        }
        return true
    }
}
